/**
 * The board of a race: who is where at the moment on show, what each figure counts, and in the end who won what. All of it
 * was reckoned in Python (visualizer/player/race.py); here it is only looked up and drawn.
 */
const races = (() => {
  "use strict";
  const { make, write, fill, attribute } = dom;
  const ASK = "Point at a figure, or tap it, for what it counts.";

  /**
   * What a figure says of a side at a state; nothing where it is not known or has not come.
   * @typedef {{name: string, about: string, say: (side: RaceSide, run: Run, index: number) => string}} RaceFigure
   */
  /** @param {Run} run @param {number} index */
  const secondsAt = (run, index) => (run.writing === "drawn" ? null : run.trace[index].elapsedMs / 1000);
  /** @param {number | null} seconds @param {number} digits */
  const inSeconds = (seconds, digits) => (seconds === null ? "" : `${seconds.toFixed(digits)} s`);
  /**
   * When a side reached a state, once it has.
   * @param {RaceSide} side @param {Run} run @param {number} index @param {number} at
   */
  function reached(side, run, index, at) {
    if (at < 0 || at > index) return at < 0 ? "never" : "not yet";
    return [`pass ${side.passes[at]}`, inSeconds(secondsAt(run, at), 2)].filter(Boolean).join(" · ");
  }
  /** @type {RaceFigure[]} */
  const FIGURES = [
    { name: "forward passes", about: "Each runs the model once: over the whole canvas where it denoises, over one position where it types. Reading the prompt, and committed blocks, come on top.",
      say: (side, run, index) => `${side.passes[index]}${run.writing === "drawn" ? " if typed" : ""}` },
    { name: "seconds", about: "Since the run began, the reading of the prompt included, on the clock of the machine that ran it. What was drawn and not run has none.",
      say: (_, run, index) => inSeconds(secondsAt(run, index), 2) },
    { name: "answer tokens", about: "Tokens of the answer that stand at this moment, of those that it has in the end: no marks of structure, no stop token, nothing after the end.",
      say: (side, _, index) => `${side.tokens[index]} of ${side.tokens.at(-1)}` },
    { name: "tokens a forward", about: "Answer tokens that stand, over forward passes so far.",
      say: (side, _, index) => (side.passes[index] ? (side.tokens[index] / side.passes[index]).toFixed(2) : "") },
    { name: "seconds a forward", about: "Seconds since the run began, over forward passes so far. A pass over a canvas costs more than one over a position.",
      say: (side, run, index) => (side.passes[index] ? inSeconds((secondsAt(run, index) ?? NaN) / side.passes[index], 3).replace("NaN s", "") : "") },
    { name: "first complete line", about: "When all tokens of some line of the final answer stood at once for the first time; they may have been taken back later.",
      say: (side, run, index) => reached(side, run, index, side.line) },
    { name: "first complete answer", about: "When all tokens of the final answer stood at once for the first time. The run itself ends later: it waits to be sure, or types its stop token.",
      say: (side, run, index) => reached(side, run, index, side.answer) },
  ];

  /**
   * A board in an empty element.
   * @param {HTMLElement} element
   */
  function createBoard(element) {
    const [won, table, about, notes] = [make("p", "dp-won"), make("table"), make("p", "dp-about", ASK), make("ul", "dp-notes")];
    attribute(won, "role", "status");
    const head = table.appendChild(make("thead")).appendChild(make("tr"));
    head.append(make("td"));
    const lanes = [0, 1].map(() => {
      const [cell, title, bar, share] = [make("th"), make("span"), make("div", "dp-bar"), make("i")];
      cell.scope = "col";
      bar.append(share);
      cell.append(title, bar);
      head.append(cell);
      return { title, share };
    });
    const body = table.appendChild(make("tbody"));
    const rows = FIGURES.map((figure) => {
      const [row, name, button] = [make("tr"), make("th"), make("button", "dp-term", figure.name)];
      [name.scope, button.type, button.title] = ["row", "button", figure.about];
      for (const event of ["mouseenter", "focus", "click"]) button.addEventListener(event, () => write(about, figure.about));
      for (const event of ["mouseleave", "blur"]) button.addEventListener(event, () => write(about, ASK));
      name.append(button);
      const cells = lanes.map(() => make("td"));
      row.append(name, ...cells);
      body.append(row);
      return { figure, cells };
    });
    element.append(won, table, about, notes);
    /** @type {Race | null} */
    let drawn = null;

    /**
     * Show where both runs are, and who has won when both are at their ends.
     * @param {Race | null} race
     * @param {Run[]} runs
     * @param {number[]} indices
     */
    function show(race, runs, indices) {
      element.hidden = !race || indices.some((index) => index < 0);
      if (!race || element.hidden) return;
      if (drawn !== race) {
        drawn = race;
        notes.replaceChildren(...race.notes.map((note) => make("li", "", note)));
      }
      race.sides.forEach((side, k) => {
        write(lanes[k].title, side.title);
        fill(lanes[k].share, side.tokens[indices[k]] / Math.max(1, side.tokens[side.tokens.length - 1]));
        rows.forEach(({ figure, cells }) => write(cells[k], figure.say(side, runs[k], indices[k]) || "–"));
      });
      const over = runs.every((run, k) => indices[k] === run.trace.length - 1);
      write(won, over ? race.verdict.map((words) => `${words[0].toUpperCase()}${words.slice(1)}.`).join(" ") : "");
    }
    return { show };
  }
  return { createBoard };
})();
