/**
 * One player for the live view, the replay, the comparison and exported pages.
 *
 * It takes the messages of visualizer/player/messages.py, keeps every step in a trace, and draws at most once per animation
 * frame. Prompt and model text reach the page as text only, never as markup. It asks for nothing from the network.
 *
 * @param {HTMLElement} root an empty div
 * @returns {{receive: (json: string) => void, destroy: () => void}}
 */
function createPlayer(root) {
  "use strict";
  const { make, write, attribute, named } = dom;
  const { VIEWS } = views;
  const { LAYOUTS } = layouts;
  const { seconds } = words;
  const KEYS = [
    ["space", "play, pause"], [", .", "one step back, on"], ["← →", "jump 5 %; on a token: the neighbour"], ["[ ]", "slower, faster"],
    ["0 – 9", "jump to that tenth"], ["Home End", "first, last step"], ["f", "full screen"], ["Esc", "close the token's card"], ["?", "these keys"],
  ];
  const INVITATION = "Pick a prompt. The canvas starts as pure noise; at every step the model accepts the tokens " +
    "it is sure of, in any order, and the rest goes back to noise.";

  root.classList.add("dp");
  root.innerHTML = `
    <div class="dp-tools" data-ui="tools">
      <div class="dp-choice" data-ui="views" role="group" aria-label="View"></div>
      <div class="dp-choice" data-ui="layouts" role="group" aria-label="Layout"></div>
      <button type="button" class="dp-numbers-switch" data-ui="numbers" aria-pressed="false" title="A number at every token">123</button>
    </div>
    <ul class="dp-legend" data-ui="legend" aria-label="Legend"></ul>
    <div class="dp-panes" data-ui="panes"></div>
    <section class="dp-timeline" data-ui="timeline" aria-label="Timeline" hidden></section>
    <aside class="dp-card" data-ui="card" aria-label="Token" hidden></aside>
    <dialog class="dp-help" data-ui="keys" aria-label="Keys"><h3>Keys</h3><dl></dl><button type="button" autofocus>Close</button></dialog>
    <div class="dp-unseen" role="status" data-ui="announced"></div>
    <div class="dp-unseen" aria-live="polite" data-ui="spoken"></div>`;
  root.tabIndex = -1; // a click anywhere in the player gives it the keys
  const ui = named(root);
  const timeline = timelines.createTimeline(ui.timeline, { onMove: repaint, onFull: fullScreen, onHelp: () => ui.keys.showModal() });
  const inspector = inspectors.createInspector(ui.card);

  let shown = [addPane()]; // the panes
  let [begun, lastJson, frame, width] = [false, "", 0, 0];
  let [hovered, focused] = [null, null]; // where the pointer and the focus are: { pane, b, i }
  let lit = null; // the cell that the card is about
  let refocusing = false;
  let [view, chosenLayout] = ["states", null]; // null: what fits the run

  function addPane() {
    const pane = panes.createPane(make("section"));
    ui.panes.append(pane.element);
    return pane;
  }
  const runs = () => shown.map((pane) => pane.run());
  const over = () => begun && runs().every((run) => run.reason);

  // ---- Messages --------------------------------------------------------------------------------------------------

  /** Have as many panes as there are runs. */
  function setPanes(count) {
    while (shown.length < count) shown.push(addPane());
    while (shown.length > count) {
      const pane = shown.pop();
      pane.destroy();
      pane.element.remove();
    }
    root.classList.toggle("dp-comparing", count > 1);
  }
  /** Show these runs. */
  function openRuns(newRuns, at, invitation = "") {
    setPanes(newRuns.length);
    [hovered, focused, begun] = [null, null, true];
    shown.forEach((pane, k) => pane.open(newRuns[k], invitation));
    timeline.open(newRuns, at);
  }
  /** A live run begins. */
  function begin(message) {
    openRuns([decode.newRun(message)], "end", "Reading the prompt…");
    write(ui.announced, `Run started on ${message.checkpoint || "the checkpoint"}.`);
  }
  /** Append a step to the trace of the live run. */
  function advance(message) {
    if (shown.length > 1) openRuns([decode.newRun()], "end");
    const run = shown[0].run();
    if (!decode.addStep(run, message)) return;
    begun = true;
    if (run.trace.length === 1) timeline.open([run], "end");
    else timeline.grow();
    if (message.ph === "commit") write(ui.announced, `Block ${message.b + 1} committed after ${message.s} steps.`);
    if (run.reason) shown[0].settleHeight();
  }
  /** Close the run with its reason. A stop that comes after the end, or before any run, stops nothing. */
  function finish(message) {
    const unseen = message.run !== undefined && message.run !== shown[0].run().id && !(begun && shown[0].run().id === undefined);
    if (unseen) begin({ run: message.run, checkpoint: shown[0].run().checkpoint }); // refused before it could start
    const run = shown[0].run();
    if (!begun || (run.reason && message.reason === "stopped")) return;
    [run.reason, run.problem] = [message.reason, message.message || ""];
    const took = run.trace.length ? ` after ${seconds(run.trace.at(-1).elapsedMs)}` : "";
    write(ui.announced, `${panes.endingOf(run.reason)[2]}${took}. ${run.problem}`);
    if (!run.trace.length) shown[0].invite("The run ended before its first step.");
    timeline.grow();
    shown[0].settleHeight();
  }
  /** A recorded run. That of the very run on show takes its place unseen; any other plays from its start. */
  function playBack(message) {
    const run = decode.readRecording(message);
    const old = shown[0].run();
    if (shown.length === 1 && run.id !== undefined && run.id === old.id && old.trace.length) {
      [run.recorded, run.label] = [old.recorded, old.label];
      shown[0].adopt(run);
      timeline.adopt([run]);
      return;
    }
    openRuns([run], "start", "This recording holds no step.");
    write(ui.announced, `Recording ${run.label} on ${run.checkpoint}.`);
    playUnlessStill();
  }
  /** Two recorded runs on one clock. */
  function playBoth(message) {
    const both = [message.left, message.right].map(decode.readRecording);
    openRuns(both, "start", "This recording holds no step.");
    const [settings, parts] = [compare.differing(...both), compare.differences(...both.map((run) => run.answer ?? ""))];
    shown.forEach((pane, k) => pane.setApart(settings[k], parts[k]));
    write(ui.announced, "Two runs side by side.");
    playUnlessStill();
  }
  /** Play what was opened; who wants less motion gets its end, standing still. */
  function playUnlessStill() {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) timeline.press("End");
    else timeline.play();
  }
  const TAKERS = new Map([["start", begin], ["step", advance], ["end", finish], ["recording", playBack], ["compare", playBoth]]);

  /** Take one message; exact repeats of the last one, empty strings and unknown kinds are ignored. */
  function receive(json) {
    if (!json || json === lastJson) return;
    lastJson = json;
    const message = JSON.parse(json);
    const take = TAKERS.get(message.k);
    if (!take) return;
    take(message);
    if (begun) repaint();
  }

  // ---- Painting --------------------------------------------------------------------------------------------------

  function repaint() {
    frame ||= requestAnimationFrame(paint);
  }
  /** The layout that is drawn: settled needs a run that has ended, and is what such a run gets. */
  function layoutNow() {
    if (!over()) return chosenLayout === "grid" ? "grid" : "flow";
    return chosenLayout ?? "settled";
  }
  /** Draw what the clock shows. */
  function paint() {
    frame = 0;
    for (const pane of shown) pane.canvas.lookAround();
    const [indices, layout] = [timeline.shown(), layoutNow()];
    const kept = focusedCell() && focusedCell() === document.activeElement ? focused : null; // a new layout makes new cells
    root.dataset.state = runs().every((run) => run.reason) ? runs()[0].reason : "running";
    root.dataset.layout = layout;
    root.dataset.view = view;
    shown.forEach((pane, k) => {
      const atEnd = indices[k] === pane.run().trace.length - 1;
      pane.show(indices[k], { layout, view, atEnd, xs: timeline.places(k), share: indices[k] < 0 ? 0 : timeline.share() });
    });
    if (indices[0] >= 0) root.dataset.drawn = indices[0];
    timeline.show();
    showChoices(layout);
    if (kept && cellAt(kept) && cellAt(kept) !== document.activeElement) refocus(cellAt(kept));
    inspect();
    if (shown.some((pane) => pane.canvas.lagging())) repaint();
  }
  /** The buttons of views and layouts, and the legend of the view. */
  function showChoices(layout) {
    ui.tools.hidden = !begun;
    for (const button of ui.views.children) attribute(button, "aria-pressed", button.value === view);
    for (const button of ui.layouts.children) {
      attribute(button, "aria-pressed", button.value === layout);
      if (button.value !== "settled") continue;
      attribute(button, "aria-disabled", over() ? undefined : "true");
      attribute(button, "title", over() ? LAYOUTS.settled.about : "The places in the end are known when the run has ended.");
    }
    ui.numbers.hidden = !VIEWS[view].numbers;
    showLegend(layout);
  }
  /** The samples are cells, drawn as in the canvas; a line says what the view and the layout show. */
  function showLegend(layout) {
    const silent = begun && view === "noise" && !runs().some((run) => run.trace.some((step) => step.noise?.size));
    const missing = over() ? "This recording was made without the random tokens." : "A live run sends no random tokens; its recording, ready when it ends, has them.";
    const about = silent ? missing : `${VIEWS[view].about}${layout === "settled" ? " Settled: each token is already where it stands in the end." : ""}`;
    const key = `${view} ${about}`;
    if (ui.legend.dataset.key === key) return;
    ui.legend.dataset.key = key;
    const entries = VIEWS[view].legend.map(({ look, label }) => {
      const [item, cell] = [make("li"), make("span")];
      if (look) [layouts.flow.fill(cell, look), item.append(cell)];
      if (label) item.append(` ${label}`);
      return item;
    });
    ui.legend.replaceChildren(...entries, make("li", "dp-about", about));
  }

  // ---- The inspector ---------------------------------------------------------------------------------------------

  const cellOf = (event) => event.target.closest(".dp-canvas [data-position]");
  const paneOf = (cell) => shown.find((pane) => pane.element.contains(cell));
  const placeOf = (cell) => ({ pane: paneOf(cell), b: Number(cell.closest(".dp-block").dataset.block), i: Number(cell.dataset.position) });
  const cellAt = (place) => (place && shown.includes(place.pane) ? place.pane.canvas.cellAt(place.b, place.i) : null);
  const focusedCell = () => cellAt(focused);

  /** Show, refresh or hide the card: of the cell under the pointer, else of the focused one. */
  function inspect() {
    const next = cellAt(hovered) ?? cellAt(focused);
    const place = next && paneOf(next).canvas.locate(next);
    if (lit && lit !== next) lit.classList.remove("dp-here");
    lit = next;
    if (!place) return inspector.hide();
    lit.classList.add("dp-here");
    inspector.show(place, lit, root, width);
  }

  // ---- Pointer, keys ---------------------------------------------------------------------------------------------

  /** Move the one tab stop of a canvas, and the focus with it. */
  function moveFocus(cell) {
    const stop = paneOf(cell).canvas.element.querySelector('[tabindex="0"]');
    if (stop) stop.tabIndex = -1;
    cell.tabIndex = 0;
    cell.focus({ preventScroll: refocusing });
  }
  /** Give the focus back to a cell that was moved in the document, or made anew, under it. */
  function refocus(cell) {
    refocusing = true;
    moveFocus(cell);
    refocusing = false;
  }
  /** On a token ← → Home End walk over all blocks; Escape closes the card. Whether the key was one of these. */
  function pressOnToken(cell, key) {
    const cells = paneOf(cell).canvas.cells();
    const here = cells.indexOf(cell);
    const there = { ArrowLeft: here - 1, ArrowRight: here + 1, Home: 0, End: cells.length - 1 }[key];
    if (there === undefined) return false;
    if (cells[there]) moveFocus(cells[there]);
    return true;
  }
  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || ui.keys.contains(event.target)) return;
    if (event.key === "Escape") {
      [hovered, focused] = [null, null];
      return inspect();
    }
    const cell = cellOf(event);
    if (event.key === " " && event.target.closest("button, summary")) return; // it presses what has the focus
    const obeyed = (cell && pressOnToken(cell, event.key)) || timeline.press(event.key);
    if (!obeyed) return;
    event.preventDefault();
    if (!cell && !timeline.isPlaying()) write(ui.announced, timeline.describe());
  }
  /** Only the token that was moved to is spoken, once; not every step that passes under it. */
  function onFocus(event) {
    const cell = cellOf(event);
    if (!cell) return;
    focused = placeOf(cell);
    const place = focused.pane.canvas.locate(cell);
    if (place && !refocusing) write(ui.spoken, inspectors.spoken(place));
    inspect();
  }
  function fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else root.requestFullscreen?.().catch(() => {}); // a page that is framed may not be allowed to
  }
  /** The buttons of a choice, one for each entry of a table with `title` and `about`. */
  function addChoices(element, table, choose) {
    for (const [value, { title, about }] of Object.entries(table)) {
      const button = make("button", "", title);
      [button.type, button.value, button.title] = ["button", value, about];
      button.addEventListener("click", () => { if (button.getAttribute("aria-disabled") !== "true") [choose(value), repaint()]; });
      element.append(button);
    }
  }
  /** Stop listening and leave the div as it was. */
  function destroy() {
    cancelAnimationFrame(frame);
    timeline.pause();
    size.disconnect();
    shown.forEach((pane) => pane.destroy());
    for (const [name, listener] of LISTENERS) root.removeEventListener(name, listener);
    root.replaceChildren();
    root.classList.remove("dp", "dp-comparing");
    root.removeAttribute("tabindex");
    for (const name of ["state", "drawn", "layout", "view"]) delete root.dataset[name];
  }

  const LISTENERS = [
    ["pointerover", (event) => { if (cellOf(event)) [hovered = placeOf(cellOf(event)), inspect()]; else if (hovered && !event.target.closest(".dp-canvas")) [hovered = null, inspect()]; }],
    ["pointerleave", () => { hovered = null; inspect(); }],
    ["click", (event) => { if (cellOf(event)) moveFocus(cellOf(event)); }],
    ["focusin", onFocus],
    ["focusout", (event) => { if (cellOf(event)) [focused = null, inspect()]; }],
    ["keydown", onKey],
  ];
  for (const [name, listener] of LISTENERS) root.addEventListener(name, listener);
  addChoices(ui.views, VIEWS, (value) => { view = value; });
  addChoices(ui.layouts, LAYOUTS, (value) => { chosenLayout = value; });
  ui.numbers.addEventListener("click", () => attribute(ui.numbers, "aria-pressed", root.classList.toggle("dp-with-numbers")));
  ui.keys.querySelector("dl").append(...KEYS.flatMap(([key, words]) => [make("dt", "", key), make("dd", "", words)]));
  ui.keys.querySelector("button").addEventListener("click", () => ui.keys.close());
  const size = new ResizeObserver(([entry]) => { width = entry.contentRect.width; });
  size.observe(root);

  shown[0].invite(INVITATION);
  showChoices("flow");
  return { receive, destroy };
}
