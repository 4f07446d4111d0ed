/**
 * Messages of visualizer/player/ (messages.py, step_writer.py) to runs: every step a complete value, which can be drawn
 * without those before.
 */
const decode = (() => {
  "use strict";
  const BASE = SHARED.alphabet.length;
  const VALUE = new Uint8Array(128);
  for (let k = 0; k < BASE; k++) VALUE[SHARED.alphabet.charCodeAt(k)] = k;

  const CODE = SHARED.codes;
  const PART = SHARED.parts;
  /** @param {number} code */
  const isNoise = (code) => code === CODE.MASKED || code === CODE.REVERTED;
  /** @param {number} code */
  const isChange = (code) => code >= CODE.REVERTED;
  /** @param {number} part */
  const isText = (part) => part === PART.ANSWER || part === PART.THOUGHT;

  /**
   * The number in `count` characters of `text`, lowest 6 bits first.
   * @param {string} text
   * @param {number} start
   * @param {number} count
   */
  function readNumber(text, start, count) {
    let number = 0;
    for (let k = count - 1; k >= 0; k--) number = number * BASE + VALUE[text.charCodeAt(start + k)];
    return number;
  }
  /**
   * One level (0 to 63) per character.
   * @param {string} text
   */
  function readLevels(text) {
    const levels = new Uint8Array(text.length);
    for (let k = 0; k < text.length; k++) levels[k] = VALUE[text.charCodeAt(k)];
    return levels;
  }
  /**
   * One cell code per character.
   * @param {string} text
   */
  function readCells(text) {
    const cells = new Uint8Array(text.length);
    for (let k = 0; k < text.length; k++) cells[k] = text.charCodeAt(k) - 48;
    return cells;
  }
  /**
   * The candidates after a step, and how many of them differ from the step before.
   * @param {string} text
   * @param {number} length
   * @param {Step | null} before
   */
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
  /**
   * Second and third candidates. Only some positions' are sent, so each remembers the step that it belongs to.
   * @param {string} text
   * @param {number} length
   * @param {Step | null} before
   * @param {number} step
   */
  function readAlternatives(text, length, before, step) {
    /** @type {(Alternatives | null)[]} */
    const alternatives = before ? before.alternatives.slice() : new Array(length).fill(null);
    for (let k = 0; k < text.length; k += 10) {
      const ranked = [k + 2, k + 6].map((n) => ({ id: readNumber(text, n, 3), level: readNumber(text, n + 3, 1) }));
      alternatives[readNumber(text, k, 2)] = { step, ranked };
    }
    return alternatives;
  }
  /**
   * All further candidates of a recording's step, at the positions that have any, among the alternatives.
   * @param {string} text
   * @param {(Alternatives | null)[]} alternatives
   * @param {number} step
   */
  function addRanked(text, alternatives, step) {
    for (let k = 0; k < text.length;) {
      const [i, count] = [readNumber(text, k, 2), readNumber(text, k + 2, 1)];
      k += 3;
      const start = k;
      const ranked = Array.from({ length: count }, (_, n) => ({ id: readNumber(text, start + 4 * n, 3), level: readNumber(text, start + 4 * n + 3, 1) }));
      alternatives[i] = { step, ranked };
      k += 4 * count;
    }
    return alternatives;
  }
  /**
   * The random tokens that the model reads at positions that are not accepted: position to id, or null if not sent.
   * @param {string | undefined} text
   * @param {Uint8Array} cells
   */
  function readNoise(text, cells) {
    if (text === undefined && cells.some(isNoise)) return null;
    /** @type {Map<number, number>} */
    const noise = new Map();
    let next = 0;
    for (let i = 0; i < cells.length && next < (text ?? "").length; i++) {
      if (!isNoise(cells[i])) continue;
      noise.set(i, readNumber(text ?? "", next, 3));
      next += 3;
    }
    return noise;
  }
  /**
   * What every position is part of, where that has changed; and since which step the tail has begun where it begins.
   * @param {[number, number, number][] | undefined} stretches
   * @param {number} length
   * @param {Step | null} before
   * @param {number} step
   */
  function readParts(stretches, length, before, step) {
    if (!stretches && before) return { parts: before.parts, tail: before.tail, tailSince: before.tailSince };
    const parts = new Uint8Array(length); // of the answer
    for (const [start, end, part] of stretches ?? []) parts.fill(part, start, end);
    const found = parts.indexOf(PART.TAIL);
    const tail = found < 0 ? length : found;
    return { parts, tail, tailSince: before?.tail === tail ? before.tailSince : step };
  }
  /**
   * Since which step each position holds its token (0: it is noise), and how often an accepted token was taken back.
   * @param {Uint8Array} cells
   * @param {(i: number) => number} idAt
   * @param {Step | null} before
   * @param {number} step
   * @param {boolean} commits
   */
  function readHistory(cells, idAt, before, step, commits) {
    const since = new Uint16Array(cells.length);
    const revisions = before ? before.revisions.slice() : new Uint16Array(cells.length);
    for (let i = 0; i < cells.length; i++) {
      if (isChange(cells[i])) revisions[i] += 1;
      if (isNoise(cells[i])) continue;
      const held = before && before.since[i] > 0 && tokenAt(before, i) === idAt(i);
      since[i] = held ? before.since[i] : step + (commits ? 1 : 0); // what the commit brings settles one step later
    }
    return { since, revisions };
  }
  /**
   * A step message as a complete value.
   * @param {StepMessage} message
   * @param {Step | undefined} last
   * @returns {Step}
   */
  function decodeStep(message, last) {
    const before = last && last.block === message.b ? last : null;
    const cells = readCells(message.w);
    const length = cells.length;
    const { candidates, moved } = readCandidates(message.d, length, before);
    const sampled = new Map(message.x ?? []);
    const commits = message.ph === "commit";
    const repeated = commits ? before : null; // a commit shows the last step's readings again
    const stood = before && message.s > 1 && moved === 0; // step 1 has nothing to be equal to but noise
    const { parts, ...tail } = readParts(message.r, length, before, message.s);
    const texts = [...parts.keys()].filter((i) => isText(parts[i]));
    return {
      block: message.b, step: message.s, maxSteps: message.n, phase: message.ph, temperature: message.T,
      elapsedMs: message.ms, blockStartMs: before ? before.blockStartMs : message.ms,
      maxEntropy: message.hmax, meanEntropy: message.mean, length, before, candidates, cells, sampled,
      parts, ...tail,
      moved: repeated ? repeated.moved : moved,
      unchangedSteps: repeated ? repeated.unchangedSteps : stood ? before.unchangedSteps + 1 : 0,
      texts: texts.length,
      accepted: texts.filter((i) => !isNoise(cells[i])).length,
      entropy: readLevels(message.h),
      probability: readLevels(message.p),
      ending: message.e === undefined ? null : readLevels(message.e),
      alternatives: addRanked(message.q ?? "", readAlternatives(message.a ?? "", length, before, message.s), message.s),
      overrides: message.o ?? {},
      overrideCells: message.oc ?? {},
      noise: readNoise(message.z, cells),
      ...readHistory(cells, (i) => sampled.get(i) ?? candidates[i], before, message.s, commits),
    };
  }
  /**
   * The token that a position shows: the accepted one, or the candidate of noise.
   * @param {Step} step
   * @param {number} i
   */
  const tokenAt = (step, i) => step.sampled.get(i) ?? step.candidates[i];
  /**
   * An id's own text.
   * @param {Run} run
   * @param {number} id
   */
  const tokenText = (run, id) => run.texts.get(id) ?? "\ufffd";
  /**
   * The text of the token that a position shows.
   * @param {Run} run
   * @param {Step} step
   * @param {number} i
   */
  const textAt = (run, step, i) => step.overrides[i] ?? tokenText(run, tokenAt(step, i));
  /**
   * How many cells the first line of that text takes, as exports count them.
   * @param {Run} run
   * @param {Step} step
   * @param {number} i
   */
  function cellsAt(run, step, i) {
    const odd = step.overrides[i] === undefined ? run.cells.get(tokenAt(step, i)) : step.overrideCells[i];
    return odd ?? textAt(run, step, i).split("\n", 1)[0].length;
  }

  /**
   * A run that has just begun; `trace` keeps every step, drawn or not.
   * @param {Partial<StartMessage>} start
   * @returns {Run}
   */
  function newRun(start = {}) {
    return {
      id: start.run, source: start.run ?? "", held: placesIn(start.held ?? []), origin: start.origin ?? "", checkpoint: start.checkpoint ?? "", settings: start.settings ?? {}, prompt: start.prompt ?? "",
      startedAt: start.started_at ?? "", device: start.device ?? "", fingerprint: start.fingerprint ?? "",
      writing: start.writing ?? "denoised", recorded: Boolean(start.recorded),
      chosenAmong: start.chosen_among ?? 0, unlearned: start.unlearned ?? "", nearest: start.nearest ?? ["", ""], label: "",
      checks: (start.checks ?? []).map((check) => ({ ...check, turns: [] })),
      texts: new Map(), signs: new Map(), cells: new Map(), trace: [],
      blockEnds: [], answer: null, answers: [], thoughts: [], reason: null, problem: "", shots: [], report: null, influence: null, asking: false,
    };
  }
  /**
   * All places of some stretches.
   * @param {[number, number][]} stretches
   * @returns {Set<number>}
   */
  const placesIn = (stretches) => new Set(stretches.flatMap(([from, to]) => Array.from({ length: to - from }, (_, k) => from + k)));
  /**
   * A position, counted over all blocks.
   * @param {Step} step
   * @param {number} i
   */
  const placeOf = (step, i) => step.block * step.length + i;
  /**
   * Whether a token was put there before the run, and stays.
   * @param {Run} run
   * @param {Step} step
   * @param {number} i
   */
  const isHeld = (run, step, i) => run.held.has(placeOf(step, i));
  /**
   * Whether a run was denoised; else it was typed, or drawn as if it were: left to right, and never touched again.
   * @param {Run} run
   */
  const isDenoised = ({ writing }) => writing === "denoised";
  /**
   * What one forward pass of a run is called.
   * @param {Run} run
   */
  const unitOf = (run) => (isDenoised(run) ? "step" : "pass");
  /**
   * Append a step message; false for a step that is there already (Gradio sends its last value twice).
   * @param {Run} run
   * @param {StepMessage} message
   */
  function addStep(run, message) {
    const last = run.trace.at(-1);
    if (last && last.block === message.b && last.step === message.s && last.phase === message.ph) return false;
    for (const [id, text] of Object.entries(message.t ?? {})) run.texts.set(Number(id), text);
    for (const [id, sign] of Object.entries(message.sp ?? {})) run.signs.set(Number(id), sign);
    for (const [id, cells] of Object.entries(message.c ?? {})) run.cells.set(Number(id), cells);
    const step = decodeStep(message, last);
    run.trace.push(step);
    run.blockEnds[step.block] = step;
    for (const number of message.v ?? []) run.checks[number]?.turns.push(run.trace.length - 1);
    run.answer = message.answer ?? run.answer;
    if (message.answer !== undefined) run.answers[run.trace.length - 1] = message.answer;
    if (message.thought) run.thoughts[run.trace.length - 1] = message.thought;
    run.reason = message.f ?? run.reason;
    return true;
  }
  /**
   * A whole recorded run from its recording message. Unknown kinds inside it are left out.
   * @param {RecordingMessage} recording
   */
  function readRecording(recording) {
    const run = newRun(recording.messages.find((message) => message.k === "start"));
    [run.source, run.label] = [recording.run, recording.label ?? ""];
    run.shots = directions.readDirection(recording.direction);
    for (const message of recording.messages) {
      if (message.k === "step") addStep(run, message);
      if (message.k === "report") run.report = message;
      if (message.k === "end") [run.reason, run.problem] = [message.reason, message.message ?? ""];
    }
    run.reason ??= "stopped"; // a recording that was cut off has no more to come
    return run;
  }
  /**
   * The committed text at a step, or null before the first commit.
   * @param {Run} run
   * @param {number} index
   */
  const answerAt = (run, index) => run.answers.slice(0, index + 1).findLast((answer) => answer !== undefined) ?? null;
  /**
   * The thought text at a step: what the model wrote in its thought channel, or nothing.
   * @param {Run} run
   * @param {number} index
   */
  const thoughtAt = (run, index) => run.thoughts.slice(0, index + 1).findLast(Boolean) ?? "";

  return { CODE, PART, isDenoised, unitOf, isHeld, isNoise, isText, placeOf, tokenAt, tokenText, textAt, cellsAt, newRun, addStep, readRecording, answerAt, thoughtAt };
})();
