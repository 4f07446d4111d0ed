/**
 * One player for the live view, the replay, the comparison and exported pages.
 *
 * It takes the messages of visualizer/player/messages.py, keeps every step in a trace, and draws at most once per animation
 * frame. Prompt and model text reach the page as text only, never as markup. It asks for nothing from the network.
 *
 * @param {HTMLElement} root an empty div
 * @param {PlayerPage} [page] what it can ask for; without one, canvases are looked at and not written on
 * @returns {Player}
 */
function createPlayer(root, page) {
  "use strict";
  const { make, write, named, find } = dom;
  const { seconds } = words;
  const KEYS = [
    ["space", "play, pause"], [", .", "one step back, on"], ["← →", "jump 5 %; on a token: the neighbour"], ["↑ ↓", "in a look inside: a step back, on"], ["[ ]", "slower, faster"],
    ["0 – 9", "jump to that tenth"], ["Home End", "first, last step"], ["i", "on a token: what moves if it is held"], ["f", "full screen"], ["Esc", "close the inspector"], ["?", "these keys"],
  ];
  const HAND_KEYS = [["⇧ ← →", "on a token: select"], ["l", "select its line"], ["Enter", "what to do with it"]];
  const INVITATION = "Pick a prompt. The canvas starts as pure noise; at every step the model accepts the tokens " +
    "it is sure of, in any order, and the rest goes back to noise.";

  const REPLAY_AFTER_MS = 2500; // the end is seen, then how it came about

  root.classList.add("dp");
  root.replaceChildren();
  const toolbar = toolbars.createToolbar(root, repaint);
  root.insertAdjacentHTML("beforeend", `
    <div class="dp-panes" data-ui="panes"></div>
    <section class="dp-race" data-ui="race" aria-label="The race" hidden></section>
    <section class="dp-timeline" data-ui="timeline" aria-label="Timeline" hidden></section>
    <div class="dp-hand" data-ui="hand" role="group" aria-label="What is selected" hidden></div>
    <aside class="dp-inspector" data-ui="inspector" aria-label="Token" hidden></aside>
    <dialog class="dp-help" aria-label="Keys"><h2>Keys</h2><dl></dl><button type="button" autofocus>Close</button></dialog>
    <div class="dp-unseen" role="status" data-ui="announced"></div>
    <div class="dp-unseen" aria-live="polite" data-ui="spoken"></div>`);
  root.tabIndex = -1; // a click anywhere in the player gives it the keys
  const ui = named(root);
  const help = find(root, ".dp-help", HTMLDialogElement);
  const timeline = timelines.createTimeline(ui.timeline, { onMove: repaint, onFull: fullScreen, onHelp: () => help.showModal() });
  const board = races.createBoard(ui.race);
  terms.createBubble(root);
  const pointer = pointers.createPointer(root, { eye: ui.inspector, ear: ui.spoken }, () => shown, repaint,
    () => influence);

  const hand = page && hands.createHand(root, ui.hand, {
    panes: () => shown, indexOf: (pane) => timeline.shown()[shown.indexOf(pane)] ?? -1, focused: pointer.focused, visit: pointer.visit,
    stand: () => timeline.stand(), repaint,
  }, page);
  const influence = page && influences.createInfluence(root, {
    panes: () => shown, choose: toolbar.choose, view: toolbar.view, go: (index) => timeline.visit(0, index), stand: () => timeline.stand(),
    say: (words) => write(ui.announced, words), repaint,
  }, page);

  let shown = [addPane()]; // the panes
  let [begun, lastJson, frame] = [false, "", 0];
  /** @type {Race | null} */
  let race = null; // that the two runs on show are in
  let [watched, later] = ["", 0]; // the live run that was seen from its start, and its replay to come
  let returning = ""; // the run that is gone back to
  /** @type {{pane: Pane, seen: Finding, lit: Set<number>, arrived: boolean} | null} */
  let visited = null; // the finding that was gone to

  function addPane() {
    /** @type {Pane} */
    const pane = panes.createPane(make("section"), {
      onGo: (index) => timeline.visit(shown.indexOf(pane), index), onChoose: (b, i) => pointer.choose({ pane, b, i }),
      onSay: (words) => write(ui.spoken, words), onChange: repaint, onVisit: (seen) => visit(pane, seen),
    }, page && { ...page, undo });
    ui.panes.append(pane.element);
    return pane;
  }
  /**
   * Go back to the run that one was made of.
   * @param {string} run
   */
  function undo(run) {
    returning = page?.parentOf(run)?.id ?? "";
    page?.undo(run);
  }
  /**
   * Go to where a finding is first seen; its positions are lit as long as it is.
   * @param {Pane} pane
   * @param {Finding} seen
   */
  function visit(pane, seen) {
    visited = { pane, seen, lit: new Set(seen.i), arrived: false };
    timeline.visit(shown.indexOf(pane), seen.at);
  }
  /** Once its step is drawn, the first position of a finding has the focus. */
  function arrive() {
    if (!visited || visited.arrived) return;
    visited.arrived = true;
    pointer.visit({ pane: visited.pane, b: visited.seen.b, i: visited.seen.i[0] });
  }
  /**
   * The positions of the finding that was gone to, while a pane shows a step of it.
   * @param {Pane} pane
   * @param {number} index
   */
  const litAt = (pane, index) => (visited?.pane === pane && visited.seen.at <= index && index <= visited.seen.to ? visited.lit : undefined);
  const runs = () => shown.map((pane) => pane.run());
  const over = () => begun && runs().every((run) => run.reason);

  // ---- Messages --------------------------------------------------------------------------------------------------

  /**
   * Have as many panes as there are runs.
   * @param {number} count
   */
  function setPanes(count) {
    while (shown.length < count) shown.push(addPane());
    for (const pane of shown.splice(count)) {
      pane.destroy();
      pane.element.remove();
    }
    root.classList.toggle("dp-comparing", count > 1);
  }
  /**
   * Show these runs.
   * @param {Run[]} newRuns
   * @param {"start" | "end"} at
   * @param {Race | null} newRace
   */
  function openRuns(newRuns, at, invitation = "", newRace = null) {
    clearTimeout(later);
    setPanes(newRuns.length);
    race = newRace;
    root.classList.toggle("dp-racing", Boolean(race));
    visited = null;
    pointer.forget();
    hand?.forget();
    begun = true;
    shown.forEach((pane, k) => pane.open(newRuns[k], invitation));
    timeline.open(newRuns, at, race);
    delete root.dataset.drawn;
    tellState();
  }
  /** Say how the run on show ended, for who looks from outside; at once, so that nobody takes the last one's end for it. */
  function tellState() {
    root.dataset.state = (runs().every((run) => run.reason) && runs()[0].reason) || "running";
  }
  /**
   * A live run begins.
   * @param {Partial<StartMessage>} message
   */
  function begin(message) {
    openRuns([decode.newRun(message)], "end", "Reading the prompt…");
    watched = message.recorded ? "" : message.run ?? "";
    write(ui.announced, `Run started on ${message.checkpoint || "the checkpoint"}.`);
  }
  /**
   * Append a step to the trace of the live run.
   * @param {StepMessage} message
   */
  function advance(message) {
    if (shown.length > 1) openRuns([decode.newRun()], "end");
    const run = shown[0].run();
    if (!decode.addStep(run, message)) return;
    begun = true;
    if (run.trace.length === 1) timeline.open([run], "end");
    else timeline.grow();
    write(ui.announced, heard(run, message) || (ui.announced.textContent ?? ""));
    if (run.reason) shown[0].settleHeight();
  }
  /**
   * What a step of a live run brings, for the ear: what the prompt asks for and stands now, or no longer.
   * @param {Run} run
   * @param {StepMessage} message
   */
  function heard(run, message) {
    if (message.ph === "commit") return `Block ${message.b + 1} committed after ${message.s} ${decode.isDenoised(run) ? "steps" : "passes"}.`;
    const turned = (message.v ?? []).map((number) => run.checks[number]);
    /** @param {boolean} met */
    const named = (met) => turned.filter(({ turns }) => Boolean(turns.length % 2) === met).map(({ label }) => label).join(", ");
    const told = [named(true) && `there: ${named(true)}`, named(false) && `lost again: ${named(false)}`].filter(Boolean);
    return told.length ? `${decode.isDenoised(run) ? "Step" : "Pass"} ${message.s}, ${told.join("; ")}.` : "";
  }
  /**
   * Close the run with its reason. A stop that comes after the end, or before any run, stops nothing.
   * @param {EndMessage} message
   */
  function finish(message) {
    const unseen = message.run !== undefined && message.run !== shown[0].run().id && !(begun && shown[0].run().id === undefined);
    if (unseen) begin({ run: message.run, checkpoint: shown[0].run().checkpoint }); // refused before it could start
    const run = shown[0].run();
    if (!begun || (run.reason && message.reason === "stopped")) return;
    [run.reason, run.problem] = [message.reason, message.message ?? ""];
    const last = run.trace.at(-1);
    write(ui.announced, [`${panes.endingOf(run.reason)}${last ? ` after ${seconds(last.elapsedMs)}` : ""}.`, run.problem, run.answer && `The answer: ${run.answer}`].filter(Boolean).join(" "));
    if (!last) shown[0].invite("The run ended before its first step.");
    timeline.grow();
    shown[0].settleHeight();
  }
  /**
   * A recorded run. That of the very run on show takes its place unseen; any other plays from its start.
   * @param {RecordingMessage} message
   */
  function playBack(message) {
    const run = decode.readRecording(message);
    const old = shown[0].run();
    if (shown.length === 1 && run.id !== undefined && run.id === old.id && old.trace.length) {
      [run.recorded, run.label] = [old.recorded, old.label];
      shown[0].adopt(run);
      timeline.adopt([run]);
      if (watched === run.id) replaySoon();
      return;
    }
    const undone = run.source === returning; // what was left is stood before, not played once more
    returning = "";
    openRuns([run], undone ? "end" : "start", "This recording holds no step.");
    write(ui.announced, `Recording ${run.label} on ${run.checkpoint}.`);
    if (!undone) playUnlessStill();
  }
  /**
   * Two recorded runs on one clock.
   * @param {CompareMessage} message
   */
  function playBoth(message) {
    const [left, right] = [decode.readRecording(message.left), decode.readRecording(message.right)];
    openRuns([left, right], "start", "This recording holds no step.");
    const [settings, parts] = [compare.differing([left, right]), compare.differences(left.answer ?? "", right.answer ?? "")];
    const moved = compare.moved([left, right]);
    shown.forEach((pane, k) => pane.setApart(settings[k], parts[k], moved));
    write(ui.announced, "Two runs side by side.");
    playUnlessStill();
  }
  /**
   * Two runs of one prompt, the one denoised, the other typed, on a clock of their own.
   * @param {RaceMessage} message
   */
  function playRace(message) {
    openRuns([decode.readRecording(message.left), decode.readRecording(message.right)], "start", "", message.race);
    write(ui.announced, `A race: ${message.race.sides.map(({ title }) => title).join("; beside it: ")}.`);
    playUnlessStill();
  }
  /** Show a live run once more, as directed, unless somebody takes the timeline, or wants less motion. */
  function replaySoon() {
    watched = "";
    if (directions.wantsReplay() && !wantsStill() && timeline.isFollowing()) {
      later = setTimeout(() => { if (timeline.isFollowing() && directions.wantsReplay() && !hand?.holds()) timeline.play(); }, REPLAY_AFTER_MS);
    }
  }
  const wantsStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
  /** Play what was opened; who wants less motion gets its end, standing still. */
  function playUnlessStill() {
    if (wantsStill()) timeline.press("End");
    else timeline.play();
  }
  /**
   * Do as a message says. Whether it was for the player: some are for the rest of the page.
   * @param {Message} message
   */
  function take(message) {
    switch (message.k) {
      case "start": begin(message); break;
      case "step": advance(message); break;
      case "end": finish(message); break;
      case "recording": playBack(message); break;
      case "compare": playBoth(message); break;
      case "race": playRace(message); break;
      case "influence": influence?.show(message); break;
      case "notice": influence?.refuse(); break;
      default: return false;
    }
    return true;
  }
  /**
   * Take one message; exact repeats of the last one, empty strings and unknown kinds are ignored.
   * @param {string} json
   */
  function receive(json) {
    if (!json || json === lastJson) return;
    lastJson = json;
    if (take(JSON.parse(json)) && begun) repaint();
  }

  // ---- Painting --------------------------------------------------------------------------------------------------

  function repaint() {
    frame ||= requestAnimationFrame(paint);
  }
  /** Draw what the clock shows. */
  function paint() {
    frame = 0;
    for (const pane of shown) pane.canvas.lookAround();
    pointer.keepFocus(draw);
    arrive();
    pointer.inspect();
    hand?.show();
    if (shown.some((pane) => pane.canvas.lagging())) repaint();
  }
  /**
   * Layout and view of a step: a directed run begins with the tokens that the model reads, and before the first step they
   * stand one after the other, where nothing is seen yet of the text to come.
   * @param {Run} run
   * @param {number} index
   * @param {Shot | undefined} shot
   * @returns {ShowOptions}
   */
  function directed(run, index, shot) {
    const [layout, view] = [toolbar.layout(over()), toolbar.view()];
    if (!shot?.raw || view !== "states") return { layout, view };
    return { layout: run.trace[index].phase === "noise" && layout === "settled" ? "flow" : layout, view: "noise" };
  }
  /** Bring every part of the player to the clock. */
  function draw() {
    influence?.settle();
    const [indices, shot, layout, view] = [timeline.shown(), timeline.shot(), toolbar.layout(over()), toolbar.view()];
    tellState();
    root.dataset.layout = layout;
    root.dataset.view = view;
    shown.forEach((pane, k) => {
      const atEnd = indices[k] === pane.run().trace.length - 1;
      pane.show(indices[k], { ...directed(pane.run(), indices[k], shot), shot, lit: litAt(pane, indices[k]), atEnd, chosen: pointer.chosenIn(pane), xs: timeline.places(k), share: indices[k] < 0 ? 0 : timeline.share() });
    });
    if (indices[0] >= 0) root.dataset.drawn = String(indices[0]);
    board.show(race, runs(), indices);
    timeline.show();
    toolbar.show(begun ? runs() : [], over());
  }

  // ---- Keys ------------------------------------------------------------------------------------------------------

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || !(target instanceof Element) || help.contains(target)) return;
    if (hand?.pressInBar(event)) return;
    if (key === "Escape") {
      if (hand?.letGo()) return;
      pointer.forget();
      return pointer.inspect();
    }
    const cell = pointers.cellOf(event);
    if (key === " " && target.closest("button, summary")) return; // it presses what has the focus
    const selects = cell && hand?.press(pointer.spotOf(cell), event, () => (pointer.press(cell, key), pointer.focused()));
    const obeyed = selects || (cell && pointer.press(cell, key)) || timeline.press(key);
    if (!obeyed) return;
    event.preventDefault();
    if (!cell && !timeline.isPlaying()) write(ui.announced, timeline.describe());
  }
  function fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else root.requestFullscreen?.().then(() => root.scrollTo(0, 0), () => {}); // a page that is framed may not be allowed to
  }
  /** Stop listening and leave the div as it was. */
  function destroy() {
    cancelAnimationFrame(frame);
    clearTimeout(later);
    timeline.pause();
    themes.disconnect();
    pointer.destroy();
    hand?.destroy();
    shown.forEach((pane) => pane.destroy());
    root.removeEventListener("keydown", onKey);
    root.replaceChildren();
    root.classList.remove("dp", "dp-comparing", "dp-racing", "dp-with-numbers");
    root.removeAttribute("tabindex");
    for (const name of ["state", "drawn", "layout", "view"]) delete root.dataset[name];
  }

  const themes = new MutationObserver(repaint); // what is painted and not styled is painted anew
  themes.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  root.addEventListener("keydown", onKey);
  find(help, "dl", HTMLElement).append(...KEYS.concat(hand ? HAND_KEYS : []).flatMap(([key, does]) => [make("dt", "", key), make("dd", "", does)]));
  find(help, "button", HTMLElement).addEventListener("click", () => help.close());

  shown[0].invite(INVITATION);
  toolbar.show([], false);
  return { receive, runOn: () => hand?.runOn(shown[0]), destroy };
}
