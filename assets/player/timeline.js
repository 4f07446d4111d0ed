/** The timeline: buttons, the track that is dragged, and the clock that plays. It asks for nothing from anywhere. */
const timelines = (() => {
  "use strict";
  const { make, write, attribute, named, find } = dom;
  const { isDenoised, unitOf } = decode;
  const { moments, raced, momentAt } = clock;
  const { isDirected, wantsReplay, setReplay } = directions;
  const SPEEDS = [0.25, 0.5, 1, 2, 4];
  const JUMP_SHARE = 0.05;
  const RANGE = 1000;
  const RACE_MS = 5000; // a shorter race is played slower, and the button says so
  /** @param {string} path */
  const icon = (path) => `<svg viewBox="0 0 16 16" aria-hidden="true"><path d="${path}"/></svg>`;
  const ICONS = { play: "M4 2.5v11l9-5.5z", pause: "M4 2.5h3v11H4zM9 2.5h3v11H9z", again: "M8 3V.8L4 4l4 3.2V5a4 4 0 1 1-4 4H2a6 6 0 1 0 6-6z" };
  /** fits: whether some runs can be played so. @type {Record<Pacing, {name: string, about: string, fits: (runs: Run[]) => boolean}>} */
  const PACINGS = {
    directed: { name: "Directed", about: "What lands first is held and lit, the dull middle is quick.", fits: isDirected },
    equal: { name: "Equal steps", about: "Every step takes equally long.", fits: () => true },
    real: { name: "Real time", about: "Every step takes as long as it took.", fits: (runs) => runs.every(({ writing }) => writing !== "drawn") },
  };
  const BUTTON_NAMES = { play: "Play", pause: "Pause", again: "Play again" };
  const MARKUP = `
    <div class="dp-buttons">
      <button type="button" class="dp-play" data-ui="play" aria-label="Play">
        ${Object.entries(ICONS).map(([name, path]) => `<span data-icon="${name}">${icon(path)}</span>`).join("")}</button>
      <button type="button" data-ui="back" aria-label="One step back" title="One step back ( , )">${icon("M10.5 3 5 8l5.5 5 1-1.1L7.3 8l4.2-3.9z")}</button>
      <button type="button" data-ui="forth" aria-label="One step on" title="One step on ( . )">${icon("M5.5 3 11 8l-5.5 5-1-1.1L8.7 8 4.5 4.1z")}</button>
      <span class="dp-at" data-ui="at"></span>
      <span class="dp-right">
        <button type="button" class="dp-live" data-ui="live" title="Back to the newest step">Live</button>
        <button type="button" data-ui="speed" title="Speed ( [ slower, ] faster )"></button>
        <button type="button" data-ui="pacing"></button>
        <button type="button" class="dp-replays" data-ui="replays" title="Show a live run once more, directed, when it has ended">Replay</button>
        <button type="button" data-ui="full" aria-label="Full screen" title="Full screen ( f )">${icon("M2 2h5v1.6H3.6V7H2zM9 2h5v5h-1.6V3.6H9zM2 9h1.6v3.4H7V14H2zM12.4 9H14v5H9v-1.6h3.4z")}</button>
        <button type="button" data-ui="help" aria-label="Keys" title="Keys ( ? )">?</button>
      </span>
    </div>
    <div class="dp-track" data-ui="track"><i class="dp-past"></i><span class="dp-ticks" data-ui="ticks"></span>
      <input type="range" min="0" max="${RANGE}" step="any" aria-label="Step of the run"></div>`;

  /**
   * A timeline in an empty element.
   * @param {HTMLElement} element
   * @param {{onMove: () => void, onFull: () => void, onHelp: () => void}} events
   */
  function createTimeline(element, { onMove, onFull, onHelp }) {
    element.innerHTML = MARKUP; // static
    const ui = named(element);
    const range = find(element, "input", HTMLInputElement);
    /** @type {Run[]} */
    let runs = [];
    /** @type {Moment[]} */
    let list = [];
    /** @type {Pacing} */
    let wanted = "directed";
    /** @type {Race | null} */
    let race = null;
    let [moment, elapsed, lastTime, frame] = [0, 0, 0, 0];
    let [stale, playing, following, speed] = [true, false, true, 1];

    /** The pacing that is wanted, or equal steps while these runs cannot be played so. */
    const pacing = () => (PACINGS[wanted].fits(runs) ? wanted : "equal");
    const ended = () => runs.every((run) => run.reason);
    const last = () => Math.max(0, list.length - 1);
    /** The moments, made anew only when a step came or the pacing changed. */
    function refresh() {
      if (!stale) return;
      list = race ? raced(runs, race) : moments(runs, pacing());
      stale = false;
    }
    /**
     * Where a moment stands on the track, from 0 to 1.
     * @param {number} k
     */
    function shareOf(k) {
      const whole = list.at(-1)?.ms ?? 0;
      return whole > 0 ? list[k].ms / whole : 1;
    }
    /**
     * Move to a moment; the newest one of a run that goes on is followed.
     * @param {number} to
     */
    function seek(to, keepPlaying = false) {
      refresh();
      if (!list.length) return;
      moment = Math.max(0, Math.min(last(), Math.round(to)));
      following = moment === last();
      elapsed = list[moment].ms;
      if (!keepPlaying) pause();
      onMove();
    }
    /**
     * Move to where a run shows a step of its trace.
     * @param {number} r
     * @param {number} index
     */
    function visit(r, index) {
      refresh();
      seek(list.findIndex((other) => other.shown[r] >= index));
    }
    /**
     * Move to a share of the track.
     * @param {number} share
     */
    function seekShare(share, keepPlaying = false) {
      refresh();
      if (list.length) seek(momentAt(list, share * list[last()].ms + 0.5), keepPlaying);
    }
    /** @param {number} time */
    function tick(time) {
      frame = 0;
      elapsed += Math.min(250, time - lastTime) * speed;
      lastTime = time;
      const next = momentAt(list, elapsed);
      if (next !== moment) [moment, following] = [next, next === last()];
      if (moment === last()) pause();
      else frame = requestAnimationFrame(tick);
      onMove();
    }
    /** Play from here; from the start when this is the end. A run that goes on is simply followed. */
    function play() {
      refresh();
      if (!list.length) return;
      if (moment === last() && ended()) moment = 0;
      [playing, following, elapsed, lastTime] = [moment < last(), moment === last(), list[moment].ms, performance.now()];
      if (playing) frame ||= requestAnimationFrame(tick);
      onMove();
    }
    function pause() {
      playing = false;
      cancelAnimationFrame(frame);
      frame = 0;
    }
    /** Play or pause; what follows a run that goes on stands still until it is told to go on. */
    function toggle() {
      if (!stand()) play();
    }
    /** Stand still at this step; whether something moved. */
    function stand() {
      if (!playing && (!following || ended())) return false;
      pause();
      following = false;
      onMove();
      return true;
    }
    /** @param {number} by */
    function faster(by) {
      speed = SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, SPEEDS.indexOf(speed) + by))];
      onMove();
    }
    function changePacing() {
      const shown = list[moment]?.shown[0] ?? 0;
      const choices = /** @type {Pacing[]} */ (Object.keys(PACINGS)).filter((name) => PACINGS[name].fits(runs));
      wanted = choices[(choices.indexOf(pacing()) + 1) % choices.length];
      stale = true;
      refresh();
      moment = Math.max(0, list.findIndex((other) => other.shown[0] === shown));
      elapsed = list[moment]?.ms ?? 0;
      onMove();
    }
    /**
     * Show these runs from now on; a run that goes on is followed from its newest step.
     * @param {Run[]} newRuns
     * @param {"start" | "end"} at
     * @param {Race | null} newRace
     */
    function open(newRuns, at = "end", newRace = null) {
      pause();
      if (race) speed = 1;
      [runs, race, stale] = [newRuns, newRace, true];
      refresh();
      if (race) speed = SPEEDS.findLast((times) => times <= 1 && list[last()].ms / times >= RACE_MS) ?? SPEEDS[0];
      moment = at === "end" ? last() : 0;
      [following, elapsed] = [moment === last(), list[moment]?.ms ?? 0];
    }
    /**
     * The same run, known better: stay at the step that is shown.
     * @param {Run[]} newRuns
     */
    function adopt(newRuns) {
      const shown = list[moment]?.shown ?? [];
      [runs, stale] = [newRuns, true];
      refresh();
      const same = list.findIndex((other) => other.shown.every((index, r) => index === shown[r]));
      moment = following || same < 0 ? last() : same;
    }
    /** A step came, or the run ended. */
    function grow() {
      stale = true;
      if (!following) return;
      refresh();
      moment = last();
    }
    /** What every run shows now, as indices of their traces. */
    function shown() {
      refresh();
      return list[moment]?.shown ?? runs.map(() => -1);
    }
    function drawTicks() {
      const ticks = runs[0]?.trace.flatMap((step, k) => (k && step.phase === "noise" ? [list.findIndex((other) => other.shown[0] >= k)] : [])) ?? [];
      const key = ticks.map(shareOf).join();
      if (ui.ticks.dataset.key === key) return;
      ui.ticks.dataset.key = key;
      ui.ticks.replaceChildren(...ticks.map((k) => {
        const tick = make("i");
        tick.style.left = `${shareOf(k) * 100}%`;
        return tick;
      }));
    }
    /** Bring buttons and track to the moment. */
    function show() {
      refresh();
      element.hidden = !list.length;
      if (!list.length) return;
      const over = ended();
      /** @type {keyof typeof BUTTON_NAMES} */
      const state = playing || (following && !over) ? "pause" : moment === last() && over ? "again" : "play";
      attribute(ui.play, "data-icon", state);
      attribute(ui.play, "aria-label", BUTTON_NAMES[state]);
      attribute(ui.play, "title", `${BUTTON_NAMES[state]} (space)`);
      const share = shareOf(moment);
      ui.track.style.setProperty("--at", share.toFixed(4));
      range.value = String(share * RANGE);
      const where = describe();
      attribute(range, "aria-valuetext", where);
      write(ui.at, where);
      write(ui.speed, `${String(speed).replace("0.", ".")}×`);
      attribute(ui.speed, "aria-label", `Speed ${speed} times`);
      const { name, about } = PACINGS[pacing()];
      write(ui.pacing, name);
      attribute(ui.pacing, "title", `${about} Click for another pacing.`);
      ui.pacing.hidden = Boolean(race);
      ui.replays.hidden = Boolean(runs[0]?.recorded) || runs.length > 1;
      attribute(ui.replays, "aria-pressed", wantsReplay());
      ui.live.hidden = over;
      attribute(ui.live, "aria-pressed", following);
      drawTicks();
    }
    /** How the step on show is directed; nothing where no plan is followed. */
    function shot() {
      const [index] = shown();
      return pacing() === "directed" ? runs[0].shots[index] : undefined;
    }
    /** Where the clock stands, in words. */
    function describe() {
      if (race?.timed) return `${(list[moment].ms / 1000).toFixed(2)} s`;
      if (race) return `pass ${Math.max(...race.sides.map(({ passes }, r) => passes[list[moment].shown[r]]))}`;
      if (runs.length > 1) return `moment ${moment + 1} of ${list.length}`;
      const step = runs[0].trace[list[moment].shown[0]];
      const steps = runs[0].blockEnds[step.block]?.step ?? step.step;
      const block = runs[0].blockEnds.length > 1 ? `block ${step.block + 1}, ` : "";
      const unit = unitOf(runs[0]);
      if (step.phase === "noise") return `${block}${isDenoised(runs[0]) ? "noise" : "nothing written"}`;
      if (step.phase === "commit") return `${block}committed`;
      if (ended()) return `${block}${unit} ${step.step} of ${steps}`;
      return `${block}${unit} ${step.step}${following ? "" : ` of ${steps} so far`}`;
    }
    /**
     * A jump by a share of the track, of at least one moment.
     * @param {1 | -1} direction
     */
    function jumpBy(direction) {
      refresh();
      if (!list.length) return;
      const before = moment;
      seekShare(Math.max(0, Math.min(1, shareOf(moment) + direction * JUMP_SHARE)), playing);
      if (moment === before) seek(moment + direction, playing);
    }
    /** @type {Record<string, () => void>} */
    const KEYS = {
      " ": toggle, ",": () => seek(moment - 1), ".": () => seek(moment + 1), ArrowLeft: () => jumpBy(-1), ArrowRight: () => jumpBy(1),
      "[": () => faster(-1), "]": () => faster(1), Home: () => seek(0), End: () => seek(last()), f: onFull, "?": onHelp,
    };
    /**
     * Obey a key; whether it was one of the timeline's.
     * @param {string} key
     */
    function press(key) {
      if (/^[0-9]$/.test(key)) seekShare(Number(key) / 10, playing);
      else if (Object.hasOwn(KEYS, key)) KEYS[key]();
      else return false;
      return true;
    }
    /**
     * The places of a run's steps on the track, from 0 to 1; one that comes at the same time as the next has its place.
     * @param {number} r
     */
    function places(r) {
      refresh();
      /** @type {number[]} */
      const xs = [];
      list.forEach((other, k) => { if (other.shown[r] >= 0) xs[other.shown[r]] ??= shareOf(k); });
      for (let k = xs.length - 2; k >= 0; k--) xs[k] ??= xs[k + 1];
      return xs;
    }
    ui.play.addEventListener("click", toggle);
    ui.back.addEventListener("click", () => seek(moment - 1));
    ui.forth.addEventListener("click", () => seek(moment + 1));
    ui.speed.addEventListener("click", () => { speed = SPEEDS[(SPEEDS.indexOf(speed) + 1) % SPEEDS.length]; onMove(); });
    ui.pacing.addEventListener("click", changePacing);
    ui.replays.addEventListener("click", () => { setReplay(!wantsReplay()); onMove(); });
    ui.live.addEventListener("click", () => seek(last()));
    ui.full.addEventListener("click", onFull);
    ui.help.addEventListener("click", onHelp);
    range.addEventListener("input", () => seekShare(Number(range.value) / RANGE));
    return {
      open, adopt, grow, play, pause, stand, visit, shown, shot, show, press, places, describe: () => (list.length ? describe() : ""),
      atEnd: () => moment === last(), share: () => shareOf(moment), isPlaying: () => playing, isFollowing: () => following,
    };
  }
  return { createTimeline };
})();
