/**
 * The plan of a recorded run's time, made in visualizer/measure/direction.py and sent with the recording: how long each
 * step stands, what is lit, what is said, and how long noise is shown as the tokens that the model reads.
 */
const directions = (() => {
  "use strict";
  const REPLAY = "denoise-replay"; // "off" where the visitor wants no replay of a live run

  /**
   * A shot for every step.
   * @param {DirectionMessage | undefined} message
   * @returns {Shot[]}
   */
  function readDirection(message) {
    let caption = "";
    return (message?.ms ?? []).map((ms, k) => {
      caption = message?.says[k] ?? caption;
      return { ms, caption, lit: new Set(message?.lit[k]), raw: k <= (message?.raw ?? -1) };
    });
  }
  /**
   * Whether some runs can be shown as directed: one alone, whose recording brought its plan.
   * @param {Run[]} runs
   */
  const isDirected = (runs) => runs.length === 1 && runs[0].shots.length > 0 && runs[0].shots.length === runs[0].trace.length;

  /** Whether a live run is replayed once when it ends. */
  function wantsReplay() {
    try {
      return localStorage.getItem(REPLAY) !== "off";
    } catch {
      return true; // a browser that forbids storage
    }
  }
  /** @param {boolean} wanted */
  function setReplay(wanted) {
    try {
      localStorage.setItem(REPLAY, wanted ? "on" : "off");
    } catch {
      // It holds for this page only.
    }
  }
  return { readDirection, isDirected, wantsReplay, setReplay };
})();
