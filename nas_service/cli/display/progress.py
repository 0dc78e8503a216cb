"""The live picture of a running search."""

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from nas_service.cli.display.front import front_plot, front_table, short_key
from nas_service.cli.display.snapshot import Snapshot, progress_of, remaining_s
from nas_service.domain.entities import WorkKind
from nas_service.domain.states import CandidateStatus, SearchPhase, SearchStatus
from nas_service.units import duration, percent, significant
from nas_service.wire.candidates import FrontInfo
from nas_service.wire.searches import WorkInfo

FRONT_ROWS = 8
PLOT_HEIGHT = 12
NARROWEST_PLOT = 30
TABLE_WIDTH = 62
BAR_WIDTH = 24

PHASES = {
    SearchPhase.PREPARE: "preparing",
    SearchPhase.SUPERNET: "training the supernet",
    SearchPhase.SEARCH: "searching",
    SearchPhase.FINALIZE: "finishing the front",
}

DOING = {
    WorkKind.PREPARE: "reading the data set",
    WorkKind.SUPERNET: "training the supernet",
    WorkKind.COMPARE: "training to compare",
    WorkKind.EVALUATE: "training",
    WorkKind.EXPORT: "exporting",
    WorkKind.PROFILE: "timing",
    WorkKind.FINALIZE: "testing and bundling",
    WorkKind.COMPRESS: "compressing",
    WorkKind.FIT: "fitting a latency predictor",
}


def progress_panel(snapshot: Snapshot, width: int) -> RenderableType:
    """Everything about a search that is worth watching, for a terminal `width` columns wide."""
    search = snapshot.search
    parts: list[RenderableType] = [_totals(snapshot)]
    if search.best_accuracy is not None:
        parts.append(Text(standing(snapshot), style="bold"))
    if snapshot.running:
        parts += [Text(), _running(snapshot)]
    if snapshot.front and snapshot.front.members:
        parts += [Text(), _front(snapshot.front, snapshot, width - 4)]
    title = Text.assemble((search.name, "bold"), f"  {search.id}  {phase_text(snapshot)}")
    return Panel(Group(*parts), title=title, title_align="left", subtitle=clock_text(snapshot), subtitle_align="right")


def phase_text(snapshot: Snapshot) -> str:
    """Status, and the phase while it runs."""
    search = snapshot.search
    if search.status is not SearchStatus.RUNNING:
        return search.status.value.lower()
    return PHASES[search.phase]


def clock_text(snapshot: Snapshot) -> str:
    """Time elapsed, and left where that can be said."""
    left = remaining_s(snapshot)
    return f"{duration(snapshot.elapsed_s)} elapsed" + (f", about {duration(left)} left" if left is not None else "")


def candidates_text(snapshot: Snapshot) -> str:
    """`14/24 candidates (2 failed, 3 reused)`."""
    budget = snapshot.search.candidate_budget
    total = f"/{budget}" if budget is not None else ""
    notes = [
        (snapshot.count(CandidateStatus.FAILED), "failed"),
        (snapshot.count(CandidateStatus.INFEASIBLE), "infeasible"),
        (snapshot.count(CandidateStatus.PAUSED), "at a rung"),
        (snapshot.count(CandidateStatus.PRUNED), "pruned"),
        (snapshot.search.reused_count, "reused"),
    ]
    remarks = ", ".join(f"{count} {what}" for count, what in notes if count)
    return f"{snapshot.done_count}{total} candidates" + (f" ({remarks})" if remarks else "")


def standing(snapshot: Snapshot) -> str:
    """The best accuracy, and how much the front dominates; empty while there is none."""
    search = snapshot.search
    if search.best_accuracy is None:
        return ""
    members = "member" if search.front_size == 1 else "members"
    return (
        f"best accuracy {percent(search.best_accuracy)}, front of {search.front_size} {members},"
        f" hypervolume {significant(search.hypervolume_ratio)}"
    )


def _totals(snapshot: Snapshot) -> RenderableType:
    budget = snapshot.search.candidate_budget
    if budget is None:
        return Text(candidates_text(snapshot))
    bar = ProgressBar(total=budget, completed=min(budget, snapshot.done_count), width=BAR_WIDTH)
    line = Table.grid(padding=(0, 1))
    line.add_row(bar, candidates_text(snapshot))
    return line


def _running(snapshot: Snapshot) -> RenderableType:
    table = Table.grid(padding=(0, 1))
    for work in snapshot.running:
        table.add_row(work_name(snapshot, work), DOING[work.kind], _bar(work), work_details(work))
    return table


def _bar(work: WorkInfo) -> RenderableType:
    share = progress_of(work)
    return Text() if share is None else ProgressBar(total=1.0, completed=share, width=BAR_WIDTH)


def work_name(snapshot: Snapshot, work: WorkInfo) -> str:
    """The candidate's number and architecture; empty for work on the search itself."""
    candidate = snapshot.candidates.get(work.candidate_id or "")
    return f"#{candidate.number} {short_key(candidate.architecture_key)}" if candidate else ""


def work_details(work: WorkInfo) -> str:
    """Epoch, step and validation accuracy, as far as the worker has said them."""
    said = work.progress or {}
    details = []
    if "epoch" in said:
        details.append(f"epoch {said['epoch'] + 1}/{said['epochs']}")
    if progress_of(work) is not None:
        details.append(f"step {said['step']}/{said['total_steps']}")
    if said.get("validation_accuracy") is not None:
        details.append(f"validation {percent(said['validation_accuracy'])}")
    if work.attempt > 1:
        details.append(f"attempt {work.attempt}")
    return "  ".join(details)


def _front(front: FrontInfo, snapshot: Snapshot, width: int) -> RenderableType:
    table = front_table(front, limit=FRONT_ROWS)
    plot_width = width - TABLE_WIDTH - 2
    if plot_width < NARROWEST_PLOT:
        return table
    plot = front_plot(front, snapshot.cloud, plot_width, PLOT_HEIGHT)
    return table if plot is None else Columns([table, plot], padding=(0, 2))
