"""The build graph as far as it is known: vertexes, the steps that they make up, and their place in the Dockerfile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from wizard.build.events import Vertex
from wizard.build.lines import LineTable
from wizard.build.records import VertexRecord, depths, new_record
from wizard.build.shared import OwnSteps
from wizard.build.steps import Kind, StepName, parse_name
from wizard.dockerfile.document import Document

StageKey = tuple[str | None, str]
"""Platform and stage."""

StepKey = tuple[str | None, str, int]
"""Platform, stage and number."""


class Graph:
    """Grows with every vertex message."""

    def __init__(self) -> None:
        self.records: dict[str, VertexRecord] = {}
        self.steps: dict[StepKey, list[VertexRecord]] = {}
        """The vertexes of each numbered step, FROM excepted. Stages as BuildKit prints them in a build of its own."""
        self._table: LineTable | None = None
        self._own: OwnSteps | None = None
        self._foreign = False
        """A step was printed with a stage of another build."""
        self._exact: Mapping[str, int] = {}
        self._lines: dict[StageKey, Mapping[int, int]] = {}

    def update(self, vertex: Vertex) -> VertexRecord:
        """Takes a message about a vertex."""
        record = self.records.get(vertex.digest)
        if record is not None:
            record.update(vertex)
            return record
        record = self.records[vertex.digest] = new_record(vertex)
        if record.step is not None:
            self._foreign = self._foreign or not self._is_own(record.step)
            if self._foreign:
                self._arrange()
            else:
                self._add(record)
        return record

    def _add(self, record: VertexRecord) -> None:
        step = record.step
        if step is not None and record.kind is Kind.STEP:
            self.steps.setdefault((step.platform, step.stage, step.index), []).append(record)
            self._lines.pop((step.platform, step.stage), None)

    def _is_own(self, step: StepName) -> bool:
        return self._own is None or self._own.has(step)

    def _arrange(self) -> None:
        """Gives every numbered vertex its place anew: first those that are printed with it, then the others."""
        self.steps.clear()
        self._lines.clear()
        foreign = []
        for record in self.records.values():
            record.step = parse_name(record.name)
            if record.step is not None and not self._is_own(record.step):
                foreign.append(record)
            else:
                self._add(record)
        self._foreign = bool(foreign)
        found: dict[StepName, StepName] = {}
        for record in foreign:
            assert record.step is not None
            # The two vertexes of a COPY --link are one step.
            printed = replace(record.step, link=False)
            if record.kind is Kind.STEP and printed not in found:
                found[printed] = self._found(printed)
            record.step = replace(found[printed], link=record.step.link) if printed in found else None
            self._add(record)

    def _found(self, step: StepName) -> StepName:
        """A step that is printed with a stage of another build, as our file would have it; unchanged where it cannot
        be told.
        """
        taken = {(stage, index) for platform, stage, index in self.steps if platform == step.platform}
        return (self._own.find(step, taken) if self._own is not None else None) or step

    def name(self, record: VertexRecord) -> str:
        """What to call a vertex: as it is printed, without the stage of another build."""
        printed = parse_name(record.name)
        return record.name if printed is None or self._is_own(printed) else printed.command

    @property
    def has_table(self) -> bool:
        return self._table is not None

    def use_source(self, document: Document | None) -> None:
        """The Dockerfile is known (again)."""
        self._table = None if document is None else LineTable(document)
        self._own = None if document is None else OwnSteps(document)
        self._arrange()

    def use_exact_lines(self, lines: Mapping[str, int]) -> None:
        """The builder has told the line of each vertex."""
        self._exact = lines

    def stage_name(self, step: StepName) -> str:
        """The stage's own name, also where BuildKit does not print it because it is the only one."""
        if step.only_stage and self._table is not None and self._table.names:
            return self._table.names[0]
        return step.stage

    def label(self, step: StepName) -> str:
        """`stage number`, with the platform in front where several are built."""
        return " ".join(filter(None, (step.platform, self.stage_name(step), str(step.index))))

    def line(self, step: StepName) -> int | None:
        """The Dockerfile line of a step."""
        group = self.steps.get((step.platform, step.stage, step.index), [])
        exact = next((self._exact[record.digest] for record in group if record.digest in self._exact), None)
        if exact is not None or self._table is None:
            return exact
        key = (step.platform, step.stage)
        if key not in self._lines:
            names = (group[0].step for known, group in self.steps.items() if known[:2] == key)
            self._lines[key] = self._table.lines(self.stage_name(step), filter(None, names))
        return self._lines[key].get(step.index)

    def stage_line(self, step: StepName) -> int | None:
        """The line of the FROM of a step's stage."""
        return None if self._table is None else self._table.stage_line(self.stage_name(step))

    def stage_order(self) -> list[StageKey]:
        """Every stage, also one that is only a FROM: in file order, or those that others need first.

        Names are those that BuildKit prints.
        """
        depth = depths(self.records)
        position = {name: number for number, name in enumerate(self._table.names)} if self._table else {}
        ranks: dict[StageKey, tuple[int, int]] = {}
        for record in self.records.values():
            if record.step is not None:
                # A base image may be printed with one of several stages that share it: it says nothing of their order.
                own = depth[record.digest] if record.kind is Kind.STEP else len(depth)
                rank = (position.get(self.stage_name(record.step), len(position)), own)
                key = (record.step.platform, record.step.stage)
                ranks[key] = min(rank, ranks.get(key, rank))
        return sorted(ranks, key=ranks.__getitem__)
