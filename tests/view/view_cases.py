"""Pictures that several tests look at."""

import xml.etree.ElementTree as ET

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn.step.names import plain_name

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = [
    "<&>\"'", "a\\nb\\", "{x|y}", "line\nbreak", "<b>bold</b>", "]]><script>alert(1)</script>", "c̃ σ 状态 🙂",
    "nul\0", "%s{0}", "--> -->", "\\N\\G\\L", "n0", "cluster_0", "digraph", "\ud800 half", "\ufffe",
    "a\uffffb", "\ufdd0\U0001fffe",
]  # fmt: skip


def cells():
    make = {"dtype": np.float32, "generator": np.random.default_rng(0)}
    return {
        "rnn": tg.nn.RNNCell(3, 4, **make),
        "lstm": tg.nn.LSTMCell(3, 4, **make),
        "gru": tg.nn.GRUCell(3, 4, **make),
    }


def texts(svg):
    """All text in an SVG document, which must be well-formed."""
    return [element.text or "" for element in ET.fromstring(svg).iter(f"{SVG}text")]


def nodes(drawing):
    """The drawn nodes by id, before layout."""
    return drawing._picture.nodes


def called(drawing, name):
    """The nodes of a name, in order; of one step, of time t."""
    return [node for node in nodes(drawing).values() if name in (node.label.name, name_of(node))]


def name_of(node):
    """The name in a picture of one step, without its t."""
    index = ",".join(part for part in node.label.index.split(",") if part != "t")
    return plain_name(node.label.base, index)
