/** The map of a run: positions across, steps down, a colour for each; every block is one picture. */
const heatmaps = (() => {
  "use strict";
  const { make, attribute } = dom;
  const { CODE, PART } = decode;
  const { TOP_LEVEL } = words;
  const [HEIGHT, LEAST, MOST] = [288, 2, 16]; // of all rows, and of one
  const SHARES = SHARED.mapShares; // how much of its colour a place has
  const STATES = {
    [CODE.MASKED]: { colour: "masked", alpha: 0.22 }, [CODE.NEW]: { colour: "new", alpha: 1 }, [CODE.DRAFT]: { colour: "draft", alpha: 0.75 },
    [CODE.COMMITTED]: { colour: "committed", alpha: 0.85 }, [CODE.REVERTED]: { colour: "reverted", alpha: 1 },
    [CODE.CHANGED_NEW]: { colour: "changed", alpha: 1 }, [CODE.CHANGED_COMMITTED]: { colour: "changed", alpha: 1 },
  };
  const COLOURS = ["masked", "new", "draft", "committed", "reverted", "changed"];

  /** @type {Record<MapInk, Choice & {keys: [string, string][]}>} */
  const INKS = {
    settled: {
      title: "When it settled",
      about: "A column is a position, a row a step. It lights up at the step from which its most probable token is that of the end, and stays coloured by when that was.",
      keys: [["early", "settles early"], ["late", "settles late"], ["right", "the token of the end, not yet for good"], ["guess", "another token, the brighter the surer"]],
    },
    entropy: {
      title: "Entropy",
      about: "A column is a position, a row a step. The brighter, the less sure the model is of it: entropy of its distribution, on a root scale.",
      keys: [["sure", "0 nats"], ["unsure", "any token is as good"]],
    },
    state: {
      title: "State",
      about: "A column is a position, a row a step, in the colours of the canvas.",
      keys: [["masked", "noise"], ["new", "new"], ["draft", "draft"], ["committed", "committed"], ["reverted", "reverted"], ["changed", "changed"]],
    },
  };

  /**
   * The colours of the theme, as red, green and blue.
   * @param {HTMLElement} element
   * @returns {Record<string, number[]>}
   */
  function coloursOf(element) {
    const style = getComputedStyle(element);
    return Object.fromEntries(COLOURS.map((name) => {
      const hex = parseInt(style.getPropertyValue(`--c-${name}`).trim().slice(1), 16);
      return [name, [hex >> 16, (hex >> 8) & 255, hex & 255]];
    }));
  }
  /**
   * From which of some steps on a position's candidate is that of the last one.
   * @param {Step[]} steps
   * @param {number} i
   */
  function settledFrom(steps, i) {
    const final = steps[steps.length - 1].candidates[i];
    let k = steps.length - 1;
    while (k > 0 && steps[k - 1].phase !== "noise" && steps[k - 1].candidates[i] === final) k -= 1;
    return k;
  }
  /**
   * What colours a position at each of some steps: red, green, blue, and how much of it.
   * @param {MapInk} ink
   * @param {Step[]} steps
   * @param {Record<string, number[]>} colours
   * @returns {(k: number, i: number) => [number[], number]}
   */
  function inkOf(ink, steps, colours) {
    if (ink === "entropy") return (k, i) => [colours.changed, 0.04 + (0.96 * steps[k].entropy[i]) / TOP_LEVEL];
    if (ink === "state") return (k, i) => {
      const { colour, alpha } = STATES[steps[k].cells[i]];
      return [colours[colour], alpha];
    };
    const last = steps.length - 1;
    const since = Array.from({ length: steps[0].length }, (_, i) => settledFrom(steps, i));
    const ramp = steps.map((_, k) => mixed(colours.new, colours.draft, k / Math.max(1, last)));
    return (k, i) => {
      if (k >= since[i]) return [ramp[since[i]], k === since[i] ? 1 : SHARES.settled];
      const sure = steps[k].phase === "noise" ? 0 : steps[k].probability[i] / TOP_LEVEL;
      const isRight = sure > 0 && steps[k].candidates[i] === steps[last].candidates[i];
      return isRight ? [colours.new, SHARES.right] : [colours.masked, SHARES.guess + SHARES.sureGuess * sure];
    };
  }
  /**
   * A colour between two.
   * @param {number[]} from
   * @param {number[]} to
   * @param {number} share
   */
  const mixed = (from, to, share) => from.map((value, k) => Math.round(value + (to[k] - value) * share));
  /**
   * A block's colours, one pixel a position and step.
   * @param {Step[]} steps
   * @param {MapInk} ink
   * @param {Record<string, number[]>} colours
   */
  function pictureOf(steps, ink, colours) {
    const { length } = steps[0];
    const picture = new ImageData(length, steps.length);
    const inkAt = inkOf(ink, steps, colours);
    for (let k = 0, n = 0; k < steps.length; k++) {
      for (let i = 0; i < length; i++, n += 4) {
        const [colour, alpha] = inkAt(k, i);
        picture.data.set(colour, n);
        picture.data[n + 3] = 255 * alpha * (steps[k].parts[i] === PART.TAIL ? SHARES.quiet : 1);
      }
    }
    return picture;
  }
  /**
   * The steps of every block, and the index of the first.
   * @param {Run} run
   */
  function blocksOf(run) {
    const firsts = run.trace.flatMap((step, k) => (k && step.block === run.trace[k - 1].block ? [] : [k]));
    return firsts.map((first, n) => ({ first, steps: run.trace.slice(first, firsts[n + 1]) }));
  }

  /**
   * A map in an empty element. onPoint: a step and position are pointed at (null: no more), onPick: they are chosen.
   * @param {HTMLElement} element
   * @param {HTMLElement} scroller what scrolls it
   * @param {{onPoint: (spot: MapSpot | null) => void, onPick: (spot: MapSpot) => void}} events
   */
  function createMap(element, scroller, { onPoint, onPick }) {
    const [rows, ticks] = [make("div", "dp-rows"), make("div", "dp-ticks-across")];
    const [now, here] = [make("i", "dp-now-row"), make("i", "dp-here-column")];
    element.append(rows, ticks);
    const buffer = make("canvas");
    /** @type {{first: number, count: number, top: number, canvas: HTMLCanvasElement, key: string, block: number}[]} */
    let pictures = [];
    /** @type {Axis | null} */
    let axis = null;
    /** @type {Run | null} */
    let run = null;
    /** @type {Element | null} */
    let dragged = null;
    let [row, ticked, seen] = [0, "", ""];
    let box = { width: 1, height: 1 };

    /**
     * The step and position under the pointer.
     * @param {PointerEvent | MouseEvent} event
     * @returns {MapSpot | null}
     */
    function spotOf(event) {
      const canvas = event.target instanceof Element ? event.target.closest("canvas") : null;
      const own = pictures.find((picture) => picture.canvas === canvas) ?? (dragged && pictures.find((picture) => picture.canvas === dragged));
      if (!own || !axis) return null;
      const rect = own.canvas.getBoundingClientRect();
      const k = Math.max(0, Math.min(own.count - 1, Math.floor((event.clientY - rect.top) / row)));
      return { index: own.first + k, b: own.block, i: axis.positionAt((event.clientX - rect.left) / rect.width) };
    }
    rows.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "mouse" || event.button || !(event.target instanceof HTMLCanvasElement)) return; // a finger scrolls
      dragged = event.target;
      dragged.setPointerCapture(event.pointerId);
      const spot = spotOf(event);
      if (spot) onPick(spot);
    });
    rows.addEventListener("pointermove", (event) => {
      const spot = spotOf(event);
      if (spot && dragged) onPick(spot);
      else if (event.pointerType === "mouse") onPoint(spot);
    });
    rows.addEventListener("lostpointercapture", () => { dragged = null; });
    rows.addEventListener("pointerleave", () => onPoint(null));
    rows.addEventListener("click", (event) => {
      const spot = spotOf(event);
      if (spot) onPick(spot);
    });

    /**
     * Have a picture for every block.
     * @param {ReturnType<typeof blocksOf>} blocks
     */
    function setPictures(blocks) {
      pictures = blocks.map(({ first, steps }, n) => {
        const canvas = make("canvas");
        const seam = n ? [make("p", "dp-hairline", `block ${steps[0].block + 1}`)] : [];
        rows.append(...seam, canvas);
        return { first, count: 0, top: 0, canvas, key: "", block: steps[0].block };
      });
      rows.append(now, here);
    }
    /**
     * Paint a block's picture at the size that it has on the page, the tail apart, which may be narrower.
     * @param {HTMLCanvasElement} canvas
     * @param {ImageData} picture
     * @param {Axis} scale
     */
    function paint(canvas, picture, scale) {
      const ratio = devicePixelRatio || 1;
      [buffer.width, buffer.height] = [picture.width, picture.height];
      buffer.getContext("2d")?.putImageData(picture, 0, 0);
      [canvas.width, canvas.height] = [Math.round(box.width * ratio), Math.round(picture.height * row * ratio)];
      const context = canvas.getContext("2d");
      if (!context) return;
      const cut = Math.min(scale.cut, picture.width);
      const edge = Math.round(scale.at(cut) * canvas.width);
      context.imageSmoothingEnabled = false;
      context.drawImage(buffer, 0, 0, cut, picture.height, 0, 0, edge, canvas.height);
      if (cut === picture.width) return;
      context.drawImage(buffer, cut, 0, picture.width - cut, picture.height, edge, 0, Math.round(scale.at(picture.width) * canvas.width) - edge, canvas.height);
    }
    /**
     * Show a run at a step, and the position that is looked at.
     * @param {Run} newRun
     * @param {number} index
     * @param {number} i
     * @param {MapInk} ink
     * @param {{width: number, height: number}} size what there is of room, known without asking for layout
     */
    function show(newRun, index, i, ink, size) {
      const blocks = blocksOf(newRun);
      if (run !== newRun || pictures.length !== blocks.length) {
        rows.replaceChildren();
        [run, seen] = [newRun, ""];
        setPictures(blocks);
      }
      const scale = (axis = axes.axisOf(newRun));
      row = Math.max(LEAST, Math.min(MOST, Math.floor(HEIGHT / newRun.trace.length)));
      box = size;
      if (ticked !== scale.key) axes.drawTicks(ticks, scale);
      ticked = scale.key;
      let colours = null;
      for (const [n, { steps }] of blocks.entries()) {
        const picture = pictures[n];
        const key = [ink, document.documentElement.dataset.theme, steps.length, box.width, row, scale.key, devicePixelRatio, newRun.reason].join();
        if (picture.key === key) continue;
        [picture.key, picture.count] = [key, steps.length];
        colours ??= coloursOf(element);
        picture.canvas.style.height = `${steps.length * row}px`;
        [picture.canvas.dataset.positions, picture.canvas.dataset.steps] = [String(steps[0].length), String(steps.length)];
        paint(picture.canvas, pictureOf(steps, ink, colours), scale);
        for (const other of pictures) other.top = -1; // those below have moved
      }
      point(index, i, scale);
    }
    /**
     * Move the lines to a step and a position.
     * @param {number} index
     * @param {number} i
     * @param {Axis} scale
     */
    function point(index, i, scale) {
      const own = pictures.findLast(({ first }) => first <= index);
      if (!own) return;
      if (own.top < 0) for (const picture of pictures) picture.top = picture.canvas.offsetTop;
      const top = own.top + (index - own.first) * row;
      attribute(now, "style", `height: ${row}px; transform: translateY(${top}px)`);
      const [left, right] = [scale.at(i) * box.width, scale.at(i + 1) * box.width];
      attribute(here, "style", `width: ${Math.max(2, right - left).toFixed(1)}px; transform: translateX(${left.toFixed(1)}px)`);
      if (seen === `${index} ${box.height}`) return;
      seen = `${index} ${box.height}`;
      if (top < scroller.scrollTop || top + 3 * row > scroller.scrollTop + box.height) scroller.scrollTop = top - box.height / 2;
    }
    return { show };
  }
  return { createMap, INKS };
})();
