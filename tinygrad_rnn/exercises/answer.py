"""What is said to the reader of an answer, as lines with a style that a terminal may colour."""

from __future__ import annotations

import ast
import linecache
import traceback

from .comparing import first_wrong_entry, remark
from .description import Exercise
from .grading import Wrong, is_refusal
from .paper import filled, heading
from .sentences import in_language, said

#: (style, text); styles are right, wrong, strong, faint and plain.
Line = tuple[str, str]
_THEIRS = ("exercise", "__main__")  # how the reader's code calls itself: in a file that is checked, and in a notebook


def answer(exercise: Exercise, wrong: Wrong | None, language: str, file: str = "") -> list[Line]:
    """What to say of what `grade` found. `file`: where the reader's code is, or the cell as Python names it."""
    if wrong is None:
        after = [("plain", f"  {line}") for line in filled(in_language(exercise.after, language))]
        return [("right", f"✓ {heading(exercise, language)}: {said('right', language)}"), *after]
    lines = [("wrong", f"✗ {heading(exercise, language)}"), *_unwritten(file, language)]
    if wrong.error is not None:
        lines += raised(wrong.error, language)
    elif wrong.says is not None:
        lines.append(("strong", f"  {in_language(wrong.says, language)}"))
    else:
        lines += _numbers(wrong, language)
    if wrong.named is not None:
        lines += [("strong", f"  {line}") for line in filled(in_language(wrong.named, language))]
    elif wrong.quantity is not None and (seen := remark(wrong.quantity)) is not None:
        lines.append(("strong", f"  {in_language(seen, language)}"))
    return lines


def _numbers(wrong: Wrong, language: str) -> list[Line]:
    """The wrong quantity: its formula, both numbers, and what it was computed from."""
    q = wrong.quantity
    assert q is not None
    formula = in_language(q.formula, language)
    if isinstance(q.expected, str):
        yours = f"    {said('yours', language)}  {q.got}"
        return [("strong", f"  {said('wrong', language, q.name)}"), ("plain", yours), ("plain", f"    {formula}")]
    place, got, expected, right, total = first_wrong_entry(q)
    index = f"[{', '.join(map(str, place))}]" if place else ""
    lines = [("strong", "  " + said("wrong", language, q.name + index))]
    names = [said(key, language) for key in ("formula", "expected", "yours", "with")]
    values = [formula, f"{expected:.6g}", f"{got:.6g}", q.given]
    width = max(len(n) for n in names)
    lines += [("plain", f"    {n:<{width}}  {v}") for n, v in zip(names, values, strict=True) if v]
    if total > 1 and right:
        lines.append(("faint", f"    {said('entries', language, right, total)}"))
    return lines


def raised(error: BaseException, language: str) -> list[Line]:
    """An exception of the reader's code with its line; nothing of ours."""
    text = f"{type(error).__name__}: {str(error).split(chr(10) + '  at ')[0]}"
    if isinstance(error, SyntaxError):
        place = said("line", language, error.lineno or 0, (error.text or "").strip())
        return [("strong", f"  {said('syntax', language)}"), ("plain", f"    {place}"), ("plain", f"    {error.msg}")]
    if isinstance(error, SystemExit):
        return [("strong", f"  {said('exits', language)}")]
    stack, frames = traceback.extract_tb(error.__traceback__), traceback.walk_tb(error.__traceback__)
    own = [f for f, (frame, _) in zip(stack, frames, strict=True) if frame.f_globals.get("__name__") in _THEIRS]
    if not own:
        key = "refused" if is_refusal(error) else "uncomparable"
        return [("strong", f"  {said(key, language, text)}")]
    number = own[-1].lineno or 0
    source = (own[-1].line or "").strip()
    lines = [("strong", f"  {said('raised', language)}"), ("plain", f"    {said('line', language, number, source)}")]
    return [*lines, *(("plain", f"    {part}") for part in text.splitlines()[:6])]


def _unwritten(file: str, language: str) -> list[Line]:
    """Lines of the file or cell with a ``...`` that stands for what is to be written."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (ValueError, SyntaxError):
        return []
    indices = {id(n) for s in ast.walk(tree) if isinstance(s, ast.Subscript) for n in ast.walk(s.slice)}
    places = sorted({n.lineno for n in ast.walk(tree)
                     if isinstance(n, ast.Constant) and n.value is Ellipsis and id(n) not in indices})  # fmt: skip
    return [("strong", f"  {said('unwritten', language, ', '.join(map(str, places)))}")] if places else []
