/**
 * What a position looks like in each view, as a plain value that every layout can draw:
 * classes; `text`, or null for a noise chip (`gap`, `wide`, `sure`); `heat` 0 to 5; `number`; `special`.
 */
const views = (() => {
  "use strict";
  const { CODE, isNoise, tokenAt, tokenText, textAt } = decode;
  const { TOP_LEVEL, cellsWide, natsOf } = words;
  const MAX_CHIP_CELLS = 12;
  const STATE_CLASSES = ["masked", "new", "draft", "committed", "masked dp-reverted", "new dp-changed", "committed dp-changed"];
  const HEAT_NATS = [0.01, 0.1, 0.5, 1.5, 3]; // above each, one step hotter
  const MAX_HEAT = HEAT_NATS.length;

  /** A noise chip takes the room of its candidate, so that little moves when that is accepted. */
  function chip(run, step, i, classes) {
    const id = tokenAt(step, i);
    const known = run.texts.has(id) || step.overrides[i] !== undefined;
    const text = known ? textAt(run, step, i) : "";
    const sure = step.probability[i] >> 4;
    const look = { classes: `dp-cell dp-${classes}`, text: null, gap: 0, wide: 1, sure, special: false };
    if (!known) return { ...look, gap: 1, wide: 2 + (id % 7) }; // the first noise of a live run comes without its texts
    if (run.special.has(id) || text.includes("\n") || !text.trim()) return look;
    const whole = Math.min(MAX_CHIP_CELLS, cellsWide(text));
    const gap = Math.min(whole - 1, text.search(/\S/));
    return { ...look, gap, wide: whole - gap };
  }
  /** A token's text. */
  const token = (run, id, text, classes, more) => ({ classes: `dp-cell dp-${classes}`, text, special: run.special.has(id), ...more });
  /** The text of a token that is not accepted: it must not break the line. */
  const inLine = (text) => text.replace(/\n/g, "⏎").replace(/\t/g, "⇥");
  /** The shown token's text. */
  const shown = (run, step, i, classes, more) => token(run, tokenAt(step, i), textAt(run, step, i), classes, more);

  function stateLook(run, step, i) {
    const code = step.cells[i];
    return isNoise(code) ? chip(run, step, i, STATE_CLASSES[code]) : shown(run, step, i, STATE_CLASSES[code]);
  }
  function noiseLook(run, step, i) {
    const id = step.noise?.get(i);
    if (id === undefined) return stateLook(run, step, i);
    return token(run, id, inLine(tokenText(run, id)), `raw${step.cells[i] === CODE.REVERTED ? " dp-reverted" : ""}`);
  }
  function confidenceLook(run, step, i) {
    const nats = natsOf(step.entropy[i], step.maxEntropy);
    const more = { heat: HEAT_NATS.filter((limit) => nats > limit).length, number: nats < 0.05 ? "0" : nats.toFixed(1) };
    if (!isNoise(step.cells[i])) return shown(run, step, i, "plain dp-hot", more);
    const id = tokenAt(step, i);
    if (!run.texts.has(id) && step.overrides[i] === undefined) return { ...chip(run, step, i, "masked dp-hot"), ...more };
    return token(run, id, inLine(textAt(run, step, i)), "guess dp-hot", more);
  }
  function orderLook(run, step, i) {
    const since = step.since[i];
    if (!since) return chip(run, step, i, "masked");
    const last = Math.max(1, run.blockEnds[step.block].step);
    const heat = Math.max(1, MAX_HEAT - Math.floor((MAX_HEAT * (Math.min(since, last) - 1)) / last));
    return shown(run, step, i, "plain dp-early", { heat, number: String(since) });
  }
  function revisionsLook(run, step, i) {
    const often = step.revisions[i];
    const more = { heat: Math.min(MAX_HEAT, often), number: often ? String(often) : undefined, loud: often > 0 };
    if (isNoise(step.cells[i])) return { ...chip(run, step, i, "masked dp-moved"), ...more };
    return shown(run, step, i, "plain dp-moved", more);
  }

  const sample = (text, classes, label, more = {}) => ({ look: { classes: `dp-cell dp-${classes}`, text, special: false, ...more }, label });
  const noiseSample = (label, classes = "masked", more = {}) => sample(null, classes, label, { gap: 0, wide: 4, sure: 2, ...more });
  const heatSamples = (classes, labels, from = 0) => labels.map((label, k) => sample("token", classes, label, { heat: from + k }));

  const VIEWS = {
    states: {
      title: "States", look: stateLook,
      about: "What each position is at this step.",
      legend: [noiseSample("noise"), sample("new", "new", ""), sample("draft", "draft", ""), sample("committed", "committed", ""),
        noiseSample("reverted", "masked dp-reverted"), sample("changed", "new dp-changed", "")],
    },
    noise: {
      title: "Raw noise", look: noiseLook,
      about: "The random tokens that the model really reads where nothing is accepted.",
      legend: [sample("random", "raw", "noise, drawn anew at every step"), sample("new", "new", ""), sample("draft", "draft", ""),
        sample("committed", "committed", "")],
    },
    confidence: {
      title: "Confidence", look: confidenceLook, numbers: true,
      about: "Entropy of the model's distribution at each position: the taller the bar, the less sure.",
      legend: [sample("accepted", "plain", ""), sample("best guess", "guess", "of noise"),
        ...heatSamples("plain dp-hot", HEAT_NATS.map((limit) => `> ${limit}`), 1), { label: "nats" }],
    },
    order: {
      title: "Order", look: orderLook, numbers: true,
      about: "Since which step each position has held its token: the taller the bar, the earlier.",
      legend: [noiseSample("noise"), ...heatSamples("plain dp-early", ["last fifth of the steps", "", "", "", "first fifth"], 1)],
    },
    revisions: {
      title: "Revisions", look: revisionsLook, numbers: true,
      about: "How often an accepted token was taken back or replaced so far.",
      legend: [noiseSample("noise"), sample("token", "plain", "never"),
        ...[1, 2, 3, 4, 5].map((heat) => sample("token", "plain dp-moved", "", { heat, number: heat < 5 ? String(heat) : "5+", loud: true }))],
    },
  };
  /** The look of a position in a view (a name of VIEWS). */
  function lookAt(run, step, i, view) {
    const look = VIEWS[view].look(run, step, i);
    if (i >= step.answerLength) look.classes += " dp-outside";
    return look;
  }
  return { VIEWS, TOP_LEVEL, lookAt };
})();
