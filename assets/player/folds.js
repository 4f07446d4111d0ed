/**
 * What stands for the positions that are no text: one sign for an empty thought, a free line after a filled one, one
 * remark for all that follows the end. Layouts of text fold them so; the grid shows every position.
 */
const folds = (() => {
  "use strict";
  const { PART, isDenoised, unitOf, isHeld, isNoise, textAt } = decode;
  const { count } = words;
  const TIED = "\u00a0"; // a space at which no line breaks
  /** @type {TextLook} */
  const NOTHING = { classes: "dp-cell dp-none", text: "", folded: true, nothing: true };

  /**
   * What is said of so many positions after the end.
   * @param {number} count
   */
  const tailWords = (count) => SHARED.tailWords[count === 1 ? "one" : "many"].replace("{count}", count.toLocaleString("en"));
  /**
   * When the end was found, and how many positions follow it; nothing where there is no end yet.
   * @param {Run} run
   * @param {Step} step
   */
  function endWords(run, step) {
    const { length, tail, tailSince } = step;
    if (tail === length) return "";
    if (isHeld(run, step, tail)) return `the end is held: ${count(length - tail, "position")}`;
    if (tailSince === 0) return `the token budget leaves out ${count(length - tail, "position")}`; // known before any step
    return `the end was found at ${unitOf(run)} ${tailSince}: ${count(length - tail, "position")}`;
  }
  /**
   * Where the remark of a tail stands: where that begins, or where it begins in a later step that gives the places.
   * Behind the canvas while there is none.
   * @param {Step} step
   * @param {Step} places
   */
  const remarkAt = (step, places) => (step.tail < step.length && places.tail < places.length ? places : step).tail;
  /**
   * The stretch of one part that a position stands in: from and to before which.
   * @param {Step} step
   * @param {number} i
   * @returns {[number, number]}
   */
  function stretchOf({ parts, length }, i) {
    let [from, to] = [i, i + 1];
    while (from > 0 && parts[from - 1] === parts[i]) from -= 1;
    while (to < length && parts[to] === parts[i]) to += 1;
    return [from, to];
  }
  /**
   * The texts of a stretch as they were written.
   * @param {Run} run
   * @param {Step} step
   * @param {[number, number]} stretch
   */
  const textOf = (run, step, [from, to]) => Array.from({ length: to - from }, (_, k) => textAt(run, step, from + k)).join("");
  /**
   * The text of the thought that ends where a position begins, or nothing; it may have ended with the block before.
   * @param {Run} run
   * @param {Step} step
   * @param {number} i
   */
  function thoughtBefore(run, step, i) {
    const [other, last] = i > 0 ? [step, i - 1] : [run.blockEnds[step.block - 1], (run.blockEnds[step.block - 1]?.length ?? 0) - 1];
    return other?.parts[last] === PART.THOUGHT ? textAt(run, other, last) : "";
  }
  /**
   * How many positions after the end hold something: of a typed text its stop token, where that is written.
   * @param {Step} step
   */
  const written = ({ cells, tail }) => cells.subarray(tail).reduce((sum, code) => sum + Number(!isNoise(code)), 0);
  /**
   * The look of a position that is folded, or null for one that is drawn as itself. remark: where the tail's stands.
   * @param {Run} run
   * @param {Step} step
   * @param {number} i
   * @param {number} remark
   * @returns {TextLook | null}
   */
  function foldedLook(run, step, i, remark) {
    const part = step.parts[i];
    if (i === remark) {
      const there = isDenoised(run) ? step.length - step.tail : written(step);
      if (!there) return NOTHING;
      const apart = i > 0 && step.parts[i - 1] !== PART.STRUCTURE && /\S$/.test(textAt(run, step, i - 1));
      const said = tailWords(there).replaceAll(" ", TIED);
      return { classes: "dp-cell dp-quiet", text: apart ? ` ${said}` : said, folded: true };
    }
    if (part === PART.TAIL) return NOTHING;
    if (part !== PART.STRUCTURE) return null;
    if (i > 0 && step.parts[i - 1] === PART.STRUCTURE) return NOTHING;
    const thought = thoughtBefore(run, step, i);
    if (thought) return { classes: "dp-cell dp-gap", text: thought.endsWith("\n") ? "\n" : "\n\n", folded: true, nothing: true };
    const classes = `dp-cell dp-quiet ${i === 0 && step.block === 0 ? "dp-hung" : "dp-sign"}`;
    return { classes, text: textOf(run, step, stretchOf(step, i)), sign: SHARED.structureSign, folded: true };
  }
  /**
   * For which positions a position stands that is folded, or null for one that is drawn as itself.
   * @param {Step} step
   * @param {number} i
   * @param {number} remark
   * @returns {[number, number] | null}
   */
  function stretchAt(step, i, remark) {
    if (i === remark) return [step.tail, step.length];
    return step.parts[i] === PART.STRUCTURE ? stretchOf(step, i) : null;
  }
  return { tailWords, endWords, remarkAt, stretchAt, textOf, foldedLook };
})();
