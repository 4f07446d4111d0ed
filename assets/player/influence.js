/**
 * What one held token would have moved in one step: it is asked for in the token's card, the server runs the step twice,
 * and a view of its own shows what moved. Any other view is the way back. A page that runs nothing has none of it.
 */
const influences = (() => {
  "use strict";
  const { isDenoised, isNoise, tokenAt, textAt } = decode;
  const { VIEWS, stateLook, chip, shown, token, sample } = views;
  const { quoted, inLine } = words;

  /**
   * What was found at a step of a run; nothing at any other.
   * @param {Run} run
   * @param {Step} step
   */
  const foundAt = (run, step) => (run.influence && run.trace[run.influence.at] === step ? run.influence : null);
  /**
   * What moved at a position, in words.
   * @param {Run} run
   * @param {Step} step
   * @param {number} i
   */
  function movesOf(run, step, i) {
    const found = foundAt(run, step);
    if (!found) return "";
    if (i === found.i) return `Held before this step, which was told both times what the recording keeps of the step before: ${found.told} tokens a position.`;
    const change = found.changes.get(i);
    if (!change) return "Not moved by what is held.";
    const { before, after, was, is } = change;
    return `Moved: entropy ${before.toFixed(2)} → ${after.toFixed(2)} nats${was === is ? "" : `; was ${quoted(was)}, is ${quoted(is)}`}.`;
  }
  /**
   * The best guess as it is with what is held, the hotter the more its entropy has moved.
   * @param {Run} run
   * @param {Step} step
   * @param {number} i
   */
  function lookAt(run, step, i) {
    const found = foundAt(run, step);
    if (!found) return stateLook(run, step, i);
    if (i === found.i) return shown(run, step, i, "held");
    const change = found.changes.get(i);
    if (!change) return isNoise(step.cells[i]) ? chip(run, step, i, "masked") : shown(run, step, i, "plain");
    const [nats, moved] = [change.after - change.before, change.was !== change.is];
    const more = { heat: SHARED.heatNats.filter((limit) => Math.abs(nats) > limit).length, number: `${nats < 0 ? "−" : "+"}${Math.abs(nats).toFixed(1)}` };
    const classes = `${moved ? "guess dp-changed" : "plain"} ${nats < 0 ? "dp-early" : "dp-moved"}`;
    return token(run, tokenAt(step, i), inLine(moved ? change.is : textAt(run, step, i)), classes, more);
  }
  Object.assign(VIEWS.influence, /** @type {View} */ ({
    title: "Influence", look: lookAt, numbers: true, shows: ({ influence }) => Boolean(influence),
    about: "What one held token moves in one step.", says: ({ influence }) => influence?.says,
    legend: [sample("held", "held", "", "The token that is held in the second of two runs of this step."),
      sample("surer", "plain dp-early", "", "The model is surer of this position when the token is held: the taller the bar, the more.", { heat: 4 }),
      sample("less sure", "plain dp-moved", "", "The model is less sure of this position when the token is held.", { heat: 4 }),
      sample("another guess", "guess dp-changed", "", "The best guess is another one when the token is held.")],
  }));

  /**
   * The asking and showing, for a player in an element.
   * @param {HTMLElement} root
   * @param {{panes: () => Pane[], choose: (view: ViewName) => void, view: () => ViewName, go: (index: number) => void, stand: () => void, say: (words: string) => void, repaint: () => void}} player
   *   panes on show, how to choose a view, which it is, how to go to a step, stand still, announce, draw anew
   * @param {PlayerPage} page
   */
  function createInfluence(root, { panes, choose, view, go, stand, say, repaint }, page) {
    /**
     * What the card offers for a position: to ask, or to go back; nothing where nobody can be asked.
     * @param {Place} place
     */
    function offerOf({ run, step, stretch }) {
      if (stretch || panes().length > 1 || !run.reason || !isDenoised(run) || step.phase === "noise") return "";
      if (run.asking) return "Running the step twice…";
      return foundAt(run, step) ? "Back to what happened" : "What moves if this is held?";
    }
    /**
     * Ask what a token would have moved at the step that is shown, or go back to what happened.
     * @param {Spot} spot
     */
    function take({ pane, b, i }) {
      const [run, place] = [pane.run(), pane.canvas.placeAt(b, i)];
      if (!place || run.asking || !offerOf(place)) return;
      const before = run.trace.filter(({ block, phase }) => block < b && phase === "commit").reduce((sum, { length }) => sum + length, 0);
      run.asking = !foundAt(run, place.step);
      choose("states");
      stand();
      if (run.asking) page.influence(run.trace.indexOf(place.step), before + i);
      repaint();
    }
    /**
     * Show what a token moves, where its run is still on show.
     * @param {InfluenceMessage} message
     */
    function show({ run: id, at, b, i, says, told, changes }) {
      const run = panes()[0].run();
      run.asking = false;
      if (panes().length > 1 || id !== root.dataset.run || !run.trace[at]) return;
      const moved = changes.map(([place, before, after, was, is]) => /** @type {const} */ ([place, { before, after, was, is }]));
      run.influence = { at, b, i, says, told, changes: new Map(moved) };
      choose("influence");
      go(at);
      say(says);
    }
    /** What was asked is refused. */
    function refuse() {
      panes()[0].run().asking = false;
    }
    /** Forget what was found once another view is chosen. */
    function settle() {
      if (view() !== "influence") for (const pane of panes()) pane.run().influence = null;
    }
    return { offerOf, take, show, refuse, settle, movesOf };
  }
  return { createInfluence };
})();
