/** Messages of visualizer/player/messages.py to runs: every step a complete value, which can be drawn without those before. */
const decode = (() => {
  "use strict";
  const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const VALUE = new Uint8Array(128);
  for (let k = 0; k < 64; k++) VALUE[ALPHABET.charCodeAt(k)] = k;

  /** The codes of `w`: what a position is, and its mark. */
  const CODE = { MASKED: 0, NEW: 1, DRAFT: 2, COMMITTED: 3, REVERTED: 4, CHANGED_NEW: 5, CHANGED_COMMITTED: 6 };
  const isNoise = (code) => code === CODE.MASKED || code === CODE.REVERTED;
  const isChange = (code) => code >= CODE.REVERTED;

  /** The number in `count` characters of `text`, lowest 6 bits first. */
  function readNumber(text, start, count) {
    let number = 0;
    for (let k = count - 1; k >= 0; k--) number = number * 64 + VALUE[text.charCodeAt(start + k)];
    return number;
  }
  /** One level (0 to 63) per character. */
  function readLevels(text) {
    const levels = new Uint8Array(text.length);
    for (let k = 0; k < text.length; k++) levels[k] = VALUE[text.charCodeAt(k)];
    return levels;
  }
  /** One cell code per character. */
  function readCells(text) {
    const cells = new Uint8Array(text.length);
    for (let k = 0; k < text.length; k++) cells[k] = text.charCodeAt(k) - 48;
    return cells;
  }
  /** The candidates after a step, and how many of them differ from the step before. */
  function readCandidates(text, length, before) {
    const candidates = before ? before.candidates.slice() : new Uint32Array(length);
    let [next, moved] = [Math.ceil(length / 6), 0];
    for (let i = 0; i < length; i++) {
      if (!((VALUE[text.charCodeAt(Math.floor(i / 6))] >> i % 6) & 1)) continue;
      candidates[i] = readNumber(text, next, 3);
      next += 3;
      moved += 1;
    }
    return { candidates, moved };
  }
  /** Second and third candidates. Only some positions' are sent, so each remembers the step that it belongs to. */
  function readAlternatives(text, length, before, step) {
    const alternatives = before ? before.alternatives.slice() : new Array(length).fill(null);
    for (let k = 0; k < text.length; k += 10) {
      const ranked = [k + 2, k + 6].map((n) => ({ id: readNumber(text, n, 3), level: readNumber(text, n + 3, 1) }));
      alternatives[readNumber(text, k, 2)] = { step, ranked };
    }
    return alternatives;
  }
  /** The random tokens that the model reads at positions that are not accepted: position to id, or null if not sent. */
  function readNoise(text, cells) {
    if (text === undefined && cells.some(isNoise)) return null;
    const noise = new Map();
    let next = 0;
    for (let i = 0; i < cells.length && next < (text ?? "").length; i++) {
      if (!isNoise(cells[i])) continue;
      noise.set(i, readNumber(text, next, 3));
      next += 3;
    }
    return noise;
  }
  /** Since which step each position holds its token (0: it is noise), and how often an accepted token was taken back. */
  function readHistory(cells, tokenAt, before, step, commit) {
    const since = new Uint16Array(cells.length);
    const revisions = before ? before.revisions.slice() : new Uint16Array(cells.length);
    for (let i = 0; i < cells.length; i++) {
      if (isChange(cells[i])) revisions[i] += 1;
      if (isNoise(cells[i])) continue;
      const held = before && before.since[i] > 0 && tokenAt(before, i) === tokenAt(null, i);
      since[i] = held ? before.since[i] : step + (commit ? 1 : 0); // what the commit brings settles one step later
    }
    return { since, revisions };
  }
  /** A step message as a complete value. */
  function decodeStep(message, last) {
    const before = last && last.block === message.b ? last : null;
    const cells = readCells(message.w);
    const length = cells.length;
    const { candidates, moved } = readCandidates(message.d, length, before);
    const sampled = new Map(message.x || []);
    const commit = message.ph === "commit";
    const repeats = before && commit; // a commit shows the last step's readings again
    const stood = before && message.s > 1 && moved === 0; // step 1 has nothing to be equal to but noise
    const idAt = (step, i) => (step ? tokenAt(step, i) : sampled.get(i) ?? candidates[i]);
    return {
      block: message.b, step: message.s, maxSteps: message.n, phase: message.ph, temperature: message.T,
      elapsedMs: message.ms, blockStartMs: before ? before.blockStartMs : message.ms, answerLength: message.e,
      maxEntropy: message.hmax, meanEntropy: message.mean, length, before, candidates, cells, sampled,
      moved: repeats ? before.moved : moved,
      unchangedSteps: repeats ? before.unchangedSteps : stood ? before.unchangedSteps + 1 : 0,
      accepted: cells.reduce((sum, code) => sum + (isNoise(code) ? 0 : 1), 0),
      entropy: readLevels(message.h),
      probability: readLevels(message.p),
      alternatives: readAlternatives(message.a || "", length, before, message.s),
      overrides: message.o || {},
      noise: readNoise(message.z, cells),
      ...readHistory(cells, idAt, before, message.s, commit),
    };
  }
  /** The token that a position shows: the accepted one, or the candidate of noise. */
  const tokenAt = (step, i) => step.sampled.get(i) ?? step.candidates[i];
  /** An id's own text. */
  const tokenText = (run, id) => run.texts.get(id) ?? "\ufffd";
  /** The text of the token that a position shows. */
  const textAt = (run, step, i) => step.overrides[i] ?? tokenText(run, tokenAt(step, i));

  /** A run that has just begun; `trace` keeps every step, drawn or not. */
  function newRun(start = {}) {
    return {
      id: start.run, checkpoint: start.checkpoint ?? "", settings: start.settings ?? {}, prompt: start.prompt ?? "",
      startedAt: start.started_at ?? "", device: start.device ?? "", fingerprint: start.fingerprint ?? "",
      recorded: Boolean(start.recorded), label: "", texts: new Map(), special: new Set(), trace: [], blockEnds: [],
      answer: null, answers: [], thoughts: [], reason: null, problem: "", tokens: 0,
    };
  }
  /** Append a step message; false for a step that is there already (Gradio sends its last value twice). */
  function addStep(run, message) {
    const last = run.trace.at(-1);
    if (last && last.block === message.b && last.step === message.s && last.phase === message.ph) return false;
    for (const [id, text] of Object.entries(message.t || {})) run.texts.set(Number(id), text);
    for (const id of message.sp || []) run.special.add(id);
    const step = decodeStep(message, last);
    run.trace.push(step);
    run.blockEnds[step.block] = step;
    run.answer = message.answer ?? run.answer;
    if (message.answer !== undefined) run.answers[run.trace.length - 1] = message.answer;
    if (message.thought) run.thoughts[run.trace.length - 1] = message.thought;
    if (step.phase === "commit") run.tokens += step.answerLength;
    run.reason = message.f ?? run.reason;
    return true;
  }
  /** A whole recorded run from its recording message. Unknown kinds inside it are left out. */
  function readRecording(recording) {
    const start = recording.messages.find(({ k }) => k === "start");
    const run = newRun(start);
    run.label = recording.label ?? "";
    for (const message of recording.messages) {
      if (message.k === "step") addStep(run, message);
      if (message.k === "end") [run.reason, run.problem] = [message.reason, message.message ?? ""];
    }
    run.reason ??= "stopped"; // a recording that was cut off has no more to come
    return run;
  }
  /** The committed text at a step, or null before the first commit. */
  function answerAt(run, index) {
    for (let k = Math.min(index, run.answers.length - 1); k >= 0; k--) if (run.answers[k] !== undefined) return run.answers[k];
    return null;
  }
  /** The thought text at a step: what the model wrote in its thought channel, or nothing. */
  const thoughtAt = (run, index) => run.thoughts.slice(0, index + 1).filter(Boolean).at(-1) ?? "";

  return { CODE, isNoise, isChange, tokenAt, tokenText, textAt, newRun, addStep, readRecording, answerAt, thoughtAt };
})();
