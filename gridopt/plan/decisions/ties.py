"""What must lie together and why: units and grid names tied by decisions, estates and locked grids."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

Node = tuple[str, ...]
"""("unit", id), or a grid: ("number" or "name", community, which)."""


@dataclass(frozen=True, order=True)
class Why:
    """What ties two nodes: a decision by its ``row``, or (row 0) something with a name in both languages."""

    row: int
    english: str
    chinese: str


@dataclass
class Ties:
    """Nodes tied in pairs; knows what hangs together, and by which ties.

    Grows while the decisions are laid down and is only asked afterwards.
    """

    _near: dict[Node, dict[Node, Why]] = field(default_factory=dict)
    _root: dict[Node, Node] = field(default_factory=dict)

    def tie(self, nodes: Iterable[Node], why: Why) -> None:
        """Tie nodes to the first of them; the first reason for a pair stays."""
        listed = list(nodes)
        for node in listed:
            self._root.setdefault(node, node)
            self._near.setdefault(node, {})
        for node in listed[1:]:
            if node == listed[0]:
                continue
            self._near[listed[0]].setdefault(node, why)
            self._near[node].setdefault(listed[0], why)
            one, two = self.root(listed[0]), self.root(node)
            if one != two:
                self._root[max(one, two)] = min(one, two)

    def root(self, node: Node) -> Node:
        """What stands for everything tied to a node; the node itself where nothing is."""
        while (above := self._root.get(node, node)) != node:
            self._root[node] = self._root.get(above, above)
            node = above
        return node

    def together(self) -> list[list[Node]]:
        """Everything that hangs together, each list and all of them sorted."""
        groups: dict[Node, list[Node]] = {}
        for node in sorted(self._root):
            groups.setdefault(self.root(node), []).append(node)
        return [groups[root] for root in sorted(groups)]

    def tied(self, node: Node) -> list[Node]:
        """Everything that hangs together with a node, itself included, sorted."""
        root = self.root(node)
        return sorted({node, *(other for other in self._root if self.root(other) == root)})

    def why(self, start: Node, end: Node) -> list[Why]:
        """The reasons along the shortest chain of ties between two nodes, sorted, each once."""
        before: dict[Node, Node] = {start: start}
        queue = deque([start])
        while queue and end not in before:
            node = queue.popleft()
            for other in sorted(self._near.get(node, {})):
                if other not in before:
                    before[other] = node
                    queue.append(other)
        found = set()
        while end in before and end != start:
            found.add(self._near[end][before[end]])
            end = before[end]
        return sorted(found)

    def rows(self, nodes: Iterable[Node]) -> tuple[int, ...]:
        """The rows of the decisions that tie any of these nodes, ascending."""
        found = {why.row for node in nodes for why in self._near.get(node, {}).values()}
        return tuple(sorted(found - {0}))
