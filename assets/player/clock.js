/** One clock for one or two runs: a list of moments, each with its start and the step that every run shows. */
const clock = (() => {
  "use strict";

  /**
   * Equal pacing: one moment a step; a run that has ended waits for the other.
   * @param {Run[]} runs
   * @returns {Moment[]}
   */
  function equal(runs) {
    const length = Math.max(0, ...runs.map((run) => run.trace.length));
    return Array.from({ length }, (_, k) => ({ ms: k * SHARED.stepMs, shown: runs.map((run) => Math.min(k, run.trace.length - 1)) }));
  }
  /**
   * Real pacing: a moment wherever any run takes a step, counted from each run's first step.
   * @param {Run[]} runs
   * @returns {Moment[]}
   */
  function real(runs) {
    const times = runs.map((run) => run.trace.map((step) => step.elapsedMs - run.trace[0].elapsedMs));
    const all = [...new Set(times.flat())].sort((a, b) => a - b);
    const at = runs.map(() => -1);
    return all.map((ms) => {
      times.forEach((own, r) => { while (at[r] + 1 < own.length && own[at[r] + 1] <= ms) at[r] += 1; });
      return { ms, shown: [...at] };
    });
  }
  /**
   * A race: a moment wherever either side has something new, by its recorded time from its own beginning, or where one was
   * drawn by forward passes. What stands at the beginning stands from the first moment on.
   * @param {Run[]} runs
   * @param {Race} race
   * @returns {Moment[]}
   */
  function raced(runs, { timed, sides }) {
    const times = runs.map(({ trace }, r) => trace.map((step, k) => (k === 0 ? 0 : timed ? step.elapsedMs : sides[r].passes[k] * SHARED.stepMs)));
    const all = [...new Set(times.flat())].sort((a, b) => a - b);
    return all.map((ms) => ({ ms, shown: times.map((own) => own.findLastIndex((time) => time <= ms)) }));
  }
  /**
   * Directed pacing: every step as long as its plan says.
   * @param {Run} run
   * @returns {Moment[]}
   */
  function directed({ shots }) {
    let end = 0;
    return shots.map(({ ms }, k) => ({ ms: (end += ms) - ms, shown: [k] }));
  }
  /**
   * The moments of some runs.
   * @param {Run[]} runs
   * @param {Pacing} pacing
   */
  const moments = (runs, pacing) => (pacing === "directed" ? directed(runs[0]) : (pacing === "real" ? real : equal)(runs));

  /**
   * The last moment that has begun at a time; times rise.
   * @param {Moment[]} list
   * @param {number} ms
   */
  function momentAt(list, ms) {
    let [low, high] = [0, list.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (list[middle].ms <= ms) low = middle;
      else high = middle - 1;
    }
    return low;
  }
  return { moments, raced, momentAt };
})();
