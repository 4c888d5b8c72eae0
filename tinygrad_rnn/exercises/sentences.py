"""What is said around the exercises, in English and Chinese; texts of an exercise are with it, in `tasks`."""

from __future__ import annotations

from .description import LANGUAGES, Both

SENTENCES: dict[str, Both] = {
    # answers
    "wrong": ("{} is wrong", "{} 不对"),
    "expected": ("expected", "应为"),
    "yours": ("yours", "你的"),
    "formula": ("formula", "公式"),
    "with": ("with", "其中"),
    "entries": ("{} of {} entries are right", "{1} 个分量中 {0} 个正确"),
    "unwritten": ("Still to write: line {}.", "还没有写：第 {} 行。"),
    "placeholder": ("{} is still `...`: write your expression there.", "{} 还是 `...`：请在那里写上你的表达式。"),
    "none": ("{} is None. Does your function return it?", "{} 是 None。你的函数返回它了吗？"),
    "no number": ("{} is {}, which is no array of numbers.", "{} 是 {}，不是数的数组。"),
    "shape": ("{} has shape {}, expected {}.", "{} 的形状是 {}，应为 {}。"),
    "not finite": ("Yours is not finite: {}.", "你的结果不是有限数：{}。"),
    "opposite": ("Yours has the opposite sign.", "你的结果符号相反。"),
    "factor": ("Yours is {} times the right one, in every entry.", "你的每个分量都是正确值的 {} 倍。"),
    "transposed": ("Yours is the transpose of the right one.", "你的结果是正确值的转置。"),
    "reversed": ("Yours has the right rows in the opposite order.", "你的各行都对，但顺序反了。"),
    "factor missing": ("The factor {} is missing.", "缺了因子 {}。"),
    "term missing": ("The term {} is missing.", "缺了 {} 这一项。"),
    "sign of": ("The sign of {} is wrong.", "{} 的符号错了。"),
    "not transposed": ("{} is not to be transposed there.", "那里的 {} 不应转置。"),
    "to transpose": ("{} is to be transposed there.", "那里的 {} 要转置。"),
    "matrix product": ("That is a matrix product, {}, not a product of entries.", "那是矩阵乘积 {}，不是逐个分量相乘。"),
    "entry": ("It is {} that is wanted there.", "那里要用的是 {}。"),
    "power missing": ("The power is missing: {}.", "缺了乘方：{}。"),
    "overwritten": ("{} is overwritten at every turn; add to it (+=).", "{} 每次都被改写；要累加（+=）。"),
    "function missing": ("{} of {} is missing.", "缺了 {}({})。"),
    "missing": ("There is no {}. In a notebook, run the cell that defines it; of a file, --reset brings the beginning back and "
                "keeps a copy of yours.",
                "没有找到 {}。在笔记本里，请先运行定义它的单元格；若是文件，用 --reset 可恢复初始内容，你的文件会留副本。"),
    "parts": ("{} should return {} results ({}); it returned {}.", "{} 应返回 {} 个结果（{}），实际返回了 {}。"),
    "one result": ("one ({})", "一个（{}）"),
    "many results": ("{} of them", "{} 个"),
    "raised": ("Your code stopped with an error.", "你的代码出错停止了。"),
    "line": ("line {}: {}", "第 {} 行：{}"),
    "syntax": ("Python cannot read the file.", "Python 读不懂这个文件。"),
    "exits": ("Your code ends the program (exit). Take that out, so that it can be checked.",
              "你的代码结束了程序（exit）。请去掉它，才能检查。"),
    "uncomparable": ("What your code returned could not be compared: {}", "无法比较你的代码返回的结果：{}"),
    "refused": ("The library refused what your code gave it: {}", "库拒绝了你的代码给它的内容：{}"),
    "endless": ("Your code was still running after {} s and was stopped. An endless loop?",
                "你的代码运行了 {} 秒还没结束，已被停止。是死循环吗？"),
    "was at": ("It was at line {}: {}", "停止时在第 {} 行：{}"),
    "crashed": ("Python itself ended while it ran your code ({}).", "运行你的代码时 Python 本身退出了（{}）。"),
    "printed": ("It printed:", "它打印了："),
    "right": ("Right.", "正确。"),
    # the file of an exercise
    "file check": ("In this folder `tinygrad-rnn learn --watch` checks this file whenever it is saved. Once, or for a hint:",
                   "在本文件夹中运行 `tinygrad-rnn learn --watch`，每次保存本文件都会检查。只检查一次，或要一条提示："),
    "cells": ("Fill in the first cell of code and run it; then run the second, which says what is wrong first.",
              "填好第一个代码单元格并运行；再运行第二个，它会指出最先出错的地方。"),
    "notebook solution": ("The solution: `tinygrad-rnn learn --solution {}`", "答案：`tinygrad-rnn learn --solution {}`"),
    # the command
    "welcome": ("{} exercises in {}: from a · b to the backward pass of an LSTM.", "{1} 里有 {0} 个练习：从 a · b 到 LSTM 的反向传播。"),
    "added": ("{} files written; nothing of yours was changed.", "写入了 {} 个文件；你的文件都没有改动。"),
    "notebooks": ("{} notebooks written to {}; nothing of yours was changed.", "在 {1} 写入了 {0} 个笔记本；你的文件都没有改动。"),
    "begin": ("Begin: {}   (then open {} in your editor)", "开始：{}   （然后用编辑器打开 {}）"),
    "progress": ("{} of {} done", "已完成 {}/{}"),
    "next": ("Next: {}", "下一个：{}"),
    "all done": ("All {} are done: you can write the backward pass of an LSTM by hand.", "{} 个练习全部完成：你已经能手写 LSTM 的反向传播。"),
    "watching": ("Watching {}. Save a file and it is checked; Ctrl-C ends.", "正在监视 {}。保存文件即自动检查；Ctrl-C 结束。"),
    "again": ("{} was right before, and no longer is.", "{} 之前是对的，现在不对了。"),
    "hint": ("Hint {} of {}:", "提示 {}/{}："),
    "no more hints": ("That was the last hint; the solution: {}",
                      "这是最后一个提示；看答案：{}"),
    "more hints": ("Ask again for the next one.", "再问一次可得下一个提示。"),
    "ask command": ("A hint: {}", "提示：{}"),
    "unchanged": ("{} is as it was at the beginning; you had not changed it.", "{} 还是初始内容；你没有改过它。"),
    "reset": ("{} is as it was at the beginning; yours is kept in {}", "{} 已恢复初始内容；你的文件保存在 {}"),
}  # fmt: skip


def said(key: str, language: str, *filled: object) -> str:
    """A sentence of the table in a language, filled in."""
    return SENTENCES[key][LANGUAGES.index(language)].format(*filled)


def both(key: str, *filled: object) -> Both:
    """A sentence in both languages, filled in."""
    english, chinese = (text.format(*filled) for text in SENTENCES[key])
    return english, chinese


def in_language(text: str | Both, language: str) -> str:
    """One of two texts; a formula is the same in every language."""
    return text if isinstance(text, str) else text[LANGUAGES.index(language)]
