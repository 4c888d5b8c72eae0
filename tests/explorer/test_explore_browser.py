"""The page in a headless Chromium."""

import json

import numpy as np
import pytest

import tinygrad_rnn as tg


def opened(browser, path):
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(path.as_uri())

    def run(script):
        return browser.execute_script(f"return {script}")

    return run


@pytest.fixture
def page(browser, tmp_path):
    cell = tg.nn.LSTMCell(3, 4, generator=np.random.default_rng(0))
    return opened(browser, tg.explore(cell, tmp_path / "lstm.html", steps=3, level="op"))


@pytest.fixture
def gates(browser, tmp_path):
    cell = tg.nn.LSTMCell(3, 4, generator=np.random.default_rng(0))
    return opened(browser, tg.explore(cell, tmp_path / "gates.html", steps=3))


def press(browser, key):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    browser.find_element(By.TAG_NAME, "body").send_keys(getattr(Keys, key))


def test_keys_move(browser, page):
    assert page("now") == 0
    press(browser, "ARROW_RIGHT")
    press(browser, "ARROW_RIGHT")
    assert page("now") == 2
    press(browser, "ARROW_LEFT")
    assert page("now") == 1
    press(browser, "END")
    assert page("now === count() - 1")
    press(browser, "HOME")
    assert page("now") == 0
    press(browser, "SPACE")
    assert page("timer !== null")
    assert page("document.getElementById('play').getAttribute('aria-label')") == "pause"
    press(browser, "SPACE")
    assert page("timer") is None


def test_every_step_can_be_shown_and_says_what_it_is(browser, page):
    said = page("Array.from({length: count()}, (_, i) => (show(i), document.getElementById('said').textContent))")
    assert all(text.startswith(("forward, ", "backward, ")) for text in said)
    formulas = page(
        "Array.from({length: forward.length}, (_, i) => (show(i), document.querySelector('h2').textContent))"
    )
    assert "c₁ = f₁ ⊙ c₀ + i₁ ⊙ c̃₁" in formulas
    assert page("document.getElementById('said').getAttribute('aria-live')") == "polite"


def test_the_drawing_follows(browser, page):
    page("(show(forward.findIndex(s => nodes[s.items[0].node].name === 'c₁')), 0)")
    assert page("document.querySelectorAll('#drawing g.node.now').length") >= 1
    assert page("document.querySelectorAll('#drawing g.waiting').length > 0")
    assert page("document.querySelectorAll('#drawing g.edge.now').length") == 2
    press(browser, "END")
    assert page("document.querySelectorAll('#drawing g.waiting').length") == 0
    assert page("document.querySelectorAll('#drawing g.node.graded').length") > 20


def test_finding_and_time(browser, page):
    from selenium.webdriver.common.by import By

    box = browser.find_element(By.ID, "find")
    box.send_keys("f₂\n")
    assert page("nodes[stop().items[0].node].name") == "f₂"
    box.clear()
    box.send_keys("nowhere\n")
    assert page("document.getElementById('said').textContent") == "there is no nowhere"
    page("(by('time').value = 1, by('time').dispatchEvent(new Event('input')), 0)")
    assert page("stop().t") == 1


def test_the_naive_order_is_seen_to_go_wrong(browser, page):
    page("(by('order').value = 'depth-first', by('order').dispatchEvent(new Event('change')), 0)")
    press(browser, "END")
    assert page("document.querySelectorAll('#drawing g.node.wrong').length") > 5
    page("(show(forward.length + backward().findIndex(s => nodes[s.items[0].node].name === 'weight_hh')), 0)")
    assert "Wrong: the right gradient has norm" in page("document.getElementById('about').textContent")


def test_a_term_leads_to_where_it_is_computed_and_back(browser, gates):
    gates("explorer.go(10)")
    assert gates("document.querySelector('h2').textContent") == "c2 = f2 ⊙ c1 + i2 ⊙ c̃2"
    gates("[...document.querySelectorAll('h2 .term')].find(e => e.textContent === 'c1').click()")
    assert gates("[now, document.querySelector('h2').textContent]") == [6, "c1 = f1 ⊙ c0 + i1 ⊙ c̃1"]
    gates("by('return').click()")
    assert gates("now") == 10
    gates("explorer.go(19)")
    gates("[...document.querySelectorAll('h2 .term')].find(e => e.textContent === 'δh1').click()")
    assert gates("document.querySelector('h2').textContent").startswith("δh1 = ∂ℓ/∂h1 + ")


def test_a_click_on_the_drawing_goes_there(browser, gates):
    found = "[...elements.values()].find(e => e.nodes.some(k => nodes[k].name === 'c₁'))"
    gates(f"{found}.g.dispatchEvent(new Event('click'))")
    assert gates("document.querySelector('h2').textContent").startswith("c1 = ")


def test_backward_arrows_point_backward(browser, gates):
    gates("explorer.go(19)")
    assert gates("document.querySelectorAll('#drawing g.edge.back .turned').length") == 4  # h₁ → tanh → c₁, c₂ → ⊙ → c₁
    gates("explorer.go(6)")
    assert gates("document.querySelectorAll('#drawing .turned').length") == 0


def test_dragging_changes_a_number(browser, gates):
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.by import By

    gates("explorer.go(0)")
    canvas = browser.find_element(By.CSS_SELECTOR, "canvas.editable")
    before = gates("explorer.loss()")
    ActionChains(browser).move_to_element(canvas).click_and_hold().move_by_offset(40, 0).release().perform()
    assert gates("explorer.loss()") != before
    assert gates("nodes[chosen.node].label") == canvas.get_attribute("aria-label").split(":")[0]
    gates("explorer.reset()")
    assert gates("explorer.loss()") == before


def test_typing_changes_a_number(browser, gates):
    from selenium.webdriver.common.by import By

    before = gates("explorer.loss()")
    value = browser.find_element(By.ID, "value")
    value.clear()
    value.send_keys("0.75")
    assert gates("explorer.value('weight_ih')[0][0]") == 0.75
    assert gates("explorer.loss()") != before
    index = browser.find_element(By.ID, "index")
    index.clear()
    index.send_keys("99, 0\n")
    assert "it has no such entry" in gates("by('effect').textContent")
    browser.find_element(By.ID, "down").click()
    assert gates("trace.length") == 2
    assert gates("trace[1] < trace[0]")


def test_zoom_large_type_and_fit(browser, gates):
    width = gates("document.querySelector('#drawing > svg').getBoundingClientRect().width")
    gates("by('larger').click()")
    assert gates("document.querySelector('#drawing > svg').getBoundingClientRect().width") > width
    gates("by('fit').click()")
    assert gates("document.querySelector('#drawing > svg').getBoundingClientRect().width") <= gates(
        "by('drawing').clientWidth"
    )
    size = gates("parseFloat(getComputedStyle(by('said')).fontSize)")
    gates("by('type').click()")
    assert gates("parseFloat(getComputedStyle(by('said')).fontSize)") > 1.2 * size


def test_hostile_names_do_not_run(browser, tmp_path):
    name = "</script><img src=x onerror=\"document.title='run'\"><b>"
    x = tg.tensor([1.0, 2.0], requires_grad=True, name=name)
    run = opened(browser, tg.explore((x * 2).sum().named(name), tmp_path / "hostile.html"))
    run("Array.from({length: count()}, (_, i) => show(i)) && 0")
    assert run("document.title") != "run"
    assert run("document.querySelectorAll('img, #about b').length") == 0


def test_no_request_leaves_and_the_console_is_silent(browser, page):
    page("Array.from({length: count()}, (_, i) => show(i)) && 0")
    requests = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [r["params"]["request"]["url"] for r in requests if r["method"] == "Network.requestWillBeSent"]
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert [entry for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")] == []


@pytest.mark.parametrize("width", [360, 800, 1300])
def test_narrow_windows(browser, page, width):
    browser.set_window_size(max(width, 500), 800)
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": width, "height": 740, "deviceScaleFactor": 1, "mobile": False}
    )
    try:
        page("(show(40), 0)")
        assert page("document.documentElement.scrollWidth") <= width
        assert page("document.getElementById('panel').clientHeight") > 150
        assert page("document.getElementById('drawing').clientHeight") > 100
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_light_and_dark_are_legible(browser, page):
    script = """(() => { const rgb = c => c.match(/[\\d.]+/g).slice(0, 3).map(Number);
      const linear = v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
      const l = c => { const [r, g, b] = rgb(c).map(linear);
        return .2126 * r + .7152 * g + .0722 * b; };
      const s = getComputedStyle(document.body), p = getComputedStyle(by('said')), q = getComputedStyle(by('panel'));
      const c = (a, b) => { const [x, y] = [l(a), l(b)].sort((u, v) => v - u); return (x + .05) / (y + .05); };
      return [c(s.color, s.backgroundColor), c(p.color, q.backgroundColor)]; })()"""
    for scheme in ("light", "dark"):
        browser.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        )
        assert min(page(script)) > 4.5
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
