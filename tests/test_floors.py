"""No circles of imports. That imports only go down from floor to floor is `lint-imports`' to check."""

import grimp
import pytest


def circles(types: bool) -> list[dict[str, set[str]]]:
    """Modules that import each other, directly or not, and what each imports of the others."""
    graph = grimp.build_graph("tinygrad_rnn", exclude_type_checking_imports=not types, cache_dir=None)
    downstream = {m: graph.find_downstream_modules(m) for m in graph.modules}
    together = {frozenset({m, *(n for n in downstream[m] if m in downstream[n])}) for m in graph.modules}
    found = [{m: graph.find_modules_directly_imported_by(m) & group for m in group} for group in together]
    return [group for group in found if len(group) > 1]


@pytest.mark.parametrize("types", [False, True])
def test_at_most_two_files_know_each_other_and_for_types_alone(types):
    for group in circles(types):
        assert types, f"a circle of imports: {sorted(group)}"
        pairs = {frozenset((a, b)) for a, imported in group.items() for b in imported}
        assert len(pairs) == len(group) - 1, f"a circle of more than two files: {sorted(group)}"
