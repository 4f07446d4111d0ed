"""What a whole run showed, as one message beside its steps: its scaffold, its order, and what was found.

- `scaffold`: of every block the positions that are scaffold. `landed`: how many scaffold tokens, and how many of
  content, settle at every step. `lead`: what that amounts to, in a sentence.
- `order`: in which order the run committed its tokens, as figures: `value`, `name`, and `about`, what it counts.
- `found`: what was found by name, in groups, the blanks of a written canvas first: `kind`, its definition in `about`,
  and `seen`, each with what it `says`, its block `b`, its positions `i`, and from which to which step it is seen, `at`
  and `to`, as their indices.
"""

from __future__ import annotations

from dataclasses import asdict
from itertools import groupby

import numpy as np

from visualizer.measure import DEFINITIONS, blanks, order_figures, order_of, phenomena, scaffold_first, scaffold_of
from visualizer.trace import Trace


def report_of(trace: Trace) -> dict[str, object]:
    """The message of a run; a run that has no step yet shows nothing."""
    lead, count = scaffold_first(trace), len(trace.states)
    return {
        "k": "report",
        "scaffold": [np.flatnonzero(flags).tolist() for flags in scaffold_of(trace)],
        "landed": [np.bincount(at, minlength=count).tolist() for at in (lead.scaffold_at, lead.content_at)],
        "lead": lead.sentence,
        "order": [asdict(figure) for figure in order_figures(order_of(trace))],
        "found": _found(trace),
    }


def _found(trace: Trace) -> list[dict[str, object]]:
    return [
        {
            "kind": kind,
            "about": DEFINITIONS[kind],
            "seen": [
                {"says": seen.says, "b": seen.block, "i": seen.positions, "at": seen.first, "to": seen.last}
                for seen in group
            ],
        }
        for kind, group in groupby([*blanks(trace), *phenomena(trace)], lambda seen: seen.kind)
    ]
