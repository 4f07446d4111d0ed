/** The scale of positions that the views inside a run share, from 0 to 1, and the ticks along it. */
const axes = (() => {
  "use strict";
  const { make } = dom;
  const { longTail, text, room } = SHARED.axisShares;
  const TICKS = [1, 2, 5, 10, 20, 50, 100, 200, 500];
  const MOST_TICKS = 9;

  /**
   * The scale of a run's canvases. What follows the end is narrower where it is long, once that end is known for good.
   * @param {Run} run
   * @returns {Axis}
   */
  function axisOf(run) {
    const length = Math.max(...run.trace.map((step) => step.length));
    const ends = run.blockEnds.filter(Boolean).map((step) => (step.tail < step.length ? step.tail : length));
    const end = run.reason ? Math.max(...ends) : length;
    const cut = length - end > longTail * length ? Math.min(length, end + room) : length;
    const wide = cut < length ? text / cut : 1 / length;
    const narrow = cut < length ? (1 - text) / (length - cut) : 0;
    return {
      length, cut, key: `${length} ${cut}`,
      at: (i) => (i <= cut ? i * wide : cut * wide + (i - cut) * narrow),
      positionAt(share) {
        const i = share < cut * wide ? share / wide : cut + (share - cut * wide) / narrow;
        return Math.max(0, Math.min(length - 1, Math.floor(i)));
      },
    };
  }
  /**
   * Put ticks at round positions, and where the scale changes, in an element as wide as the scale.
   * @param {HTMLElement} element
   * @param {Axis} axis
   */
  function drawTicks(element, axis) {
    const { cut, length } = axis;
    const every = TICKS.find((number) => cut / number <= MOST_TICKS) ?? cut;
    const marks = [1, ...Array.from({ length: Math.floor(cut / every) }, (_, k) => (k + 1) * every)].filter((n) => cut === length || n < cut - every / 2);
    const ticks = marks.map((number) => {
      const tick = make("span", "", String(number));
      tick.style.left = `${(100 * (axis.at(number - 1) + axis.at(number))) / 2}%`;
      return tick;
    });
    const rest = make("span", "dp-rest", `${cut + 1} – ${length}, drawn narrower`);
    rest.style.left = `${100 * axis.at(cut)}%`;
    element.replaceChildren(...ticks, ...(cut < length ? [rest] : []));
  }
  return { axisOf, drawTicks };
})();
