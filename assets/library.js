/**
 * The page beside the player: which run is on show, this browser's runs, notices, and what is asked of the server.
 *
 * Its other half is visualizer/page/answers.py. Prompts and sentences reach the page through `textContent` only.
 *
 * @param {Document} page
 * @param {{receive: (json: string) => void}} player
 */
function createLibrary(page, player) {
  "use strict";

  /** @typedef {{ id: string, prompt: string, at: string }} Remembered */
  const RUNS = "denoise-runs"; // this browser's runs, newest first
  const KEPT = 20;
  const HEAD = /^\{"k":"(\w+)"(?:,"run":"([^"]*)")?/;
  let live = ""; // the run that this page asked for or follows, or did last
  /** @param {string} selector */
  const one = (selector) => /** @type {HTMLElement | null} */ (page.querySelector(selector));
  /** @param {string} selector of what is always on the page */
  const part = (selector) => /** @type {HTMLElement} */ (page.querySelector(selector));

  // ---- This browser's runs ---------------------------------------------------------------------------------------

  /**
   * Read the list; a browser that forbids storage, or holds something else there, has none.
   * @returns {Remembered[]}
   */
  function runs() {
    try {
      const list = JSON.parse(localStorage.getItem(RUNS) ?? "[]");
      return Array.isArray(list) ? list.filter((run) => typeof run?.id === "string") : [];
    } catch {
      return [];
    }
  }
  /** @param {Remembered[]} list */
  function store(list) {
    try {
      localStorage.setItem(RUNS, JSON.stringify(list.slice(0, KEPT)));
    } catch {
      // The list is a convenience; the run itself is kept by the server.
    }
    draw();
  }
  /** @param {StartMessage} message */
  const remember = ({ run: id, prompt, started_at: at = "" }) =>
    store([{ id, prompt: String(prompt).slice(0, 200), at }, ...runs().filter((run) => run.id !== id)]);

  /** Draw the list: every run opens with a click, and compares itself with the one on show. */
  function draw() {
    const list = one("#your-runs ol");
    if (!list) return;
    const items = runs().map((run) => {
      const item = page.createElement("li");
      const open = button(run.prompt, "open-run", () => ask({ do: "open", id: run.id }));
      open.append(when(run.at));
      const other = button("compare", "compare-run", () => ask({ do: "compare", left: run.id, right: shown() }));
      item.classList.toggle("on-show", shown().split(/[~+]/).includes(run.id));
      item.append(open, other, deleteButton(run.id));
      return item;
    });
    list.replaceChildren(...items);
    part("#your-runs").hidden = !items.length;
  }
  /**
   * Two clicks delete a run, wherever it is kept.
   * @param {string} run
   */
  function deleteButton(run) {
    const made = button("delete", "delete-run", () => {
      if (made.classList.toggle("sure")) {
        made.textContent = "for good?";
        return;
      }
      forgettable.push(run);
      part("#forget").click();
    });
    made.addEventListener("blur", () => {
      made.classList.remove("sure");
      made.textContent = "delete";
    });
    return made;
  }
  /** @type {string[]} */
  const forgettable = []; // ids of runs that are to be deleted, as `unsent`
  let going = "";
  const forgetting = () => (going = forgettable.shift() ?? "");
  /**
   * Take a run from the list once the server has none of it, or say why it has.
   * @param {string} sentence
   */
  function forgotten(sentence) {
    notice(sentence);
    if (!sentence) store(runs().filter((run) => run.id !== going));
  }
  /** @param {string} text @param {string} name @param {() => void} act */
  function button(text, name, act) {
    const made = page.createElement("button");
    made.type = "button";
    [made.className, made.textContent] = [name, text];
    made.addEventListener("click", act);
    return made;
  }
  /** @param {string} at */
  function when(at) {
    const time = page.createElement("time");
    const date = new Date(at);
    time.textContent = Number.isNaN(date.getTime()) ? "" : date.toLocaleString([], { dateStyle: "short", timeStyle: "short" });
    return time;
  }

  // ---- Messages --------------------------------------------------------------------------------------------------

  const shown = () => one("#player .player-root")?.dataset.run ?? "";

  /**
   * Note which run the player shows; a hidden field tells the server's parts of the page.
   * @param {string} run
   */
  function show(run) {
    part("#player .player-root").dataset.run = run;
    one("#note-shown")?.click();
    draw();
  }
  /**
   * Take one message, and hand it on to the player, which ignores the kinds that are not its own.
   * @param {string} json
   */
  function receive(json) {
    const [, kind = "", run = ""] = HEAD.exec(json) ?? [];
    if (!["waiting", "loading"].includes(kind)) part("#place").textContent = "";
    if (["compare", "race"].includes(kind) || (["start", "recording"].includes(kind) && run !== shown())) notice("");
    if (kind === "start") begin(JSON.parse(json));
    else if (["recording", "race", "compare"].includes(kind) && run !== shown()) show(run);
    else if (kind === "end" && run !== shown()) show(run); // stopped before it began
    else if (kind === "kept") one("#note-shown")?.click(); // the same run, whole now
    else if (kind === "waiting") wait(JSON.parse(json));
    else if (kind === "loading") part("#place").textContent = JSON.parse(json).text;
    else if (kind === "notice") refuse(JSON.parse(json));
    else if (kind === "unkept") notice(JSON.parse(json).text, "save");
    player.receive(json);
  }
  /** @param {StartMessage} message */
  function begin(message) {
    follow(message.run);
    remember(message);
    show(message.run);
  }
  /** @param {WaitingMessage} message */
  function wait({ run, place, block_seconds: seconds = 0 }) {
    follow(run);
    const pace = seconds >= 1 ? `, about ${Math.round(seconds)} s a block` : "";
    part("#place").textContent = `Waiting: ${place === 1 ? "one run is" : `${place} runs are`} before yours${pace}.`;
  }
  /**
   * What was asked for is refused, and nothing was replaced.
   * @param {NoticeMessage} message
   */
  function refuse({ text }) {
    replaced.clear();
    notice(text);
  }
  /**
   * Say a sentence beside the run on show; an empty one takes it back.
   * @param {string} text @param {"save"} [offer] what to do about it
   */
  function notice(text, offer) {
    const place = part("#notice");
    [place.textContent, place.hidden] = [text, !text];
    part("#save-now").hidden = offer !== "save";
  }

  // ---- Asking ----------------------------------------------------------------------------------------------------

  /** @type {Set<string>} */
  const replaced = new Set(); // runs that others took the place of: what is still heard of them is old
  /** @type {string[]} */
  const unsent = []; // what was asked for and the hidden field has not taken yet, oldest first
  let lastAsked = "";
  /** What the hidden field gets; the number makes the same wish twice two changes. */
  const wish = (/** @type {Wish} */ content) => JSON.stringify({ ...content, n: String(performance.now()) });
  /**
   * Ask the server, by a hidden button that Gradio knows.
   * @param {Wish} content
   */
  function ask(content) {
    unsent.push(wish(content));
    part("#player").scrollIntoView({ behavior: "smooth", block: "nearest" });
    part("#ask").click();
  }
  const asked = () => (lastAsked = unsent.shift() ?? lastAsked);
  /** An id that nobody can guess. It is drawn here, so that Stop can name a run that the server has not heard of. */
  function newId() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  /** @param {string} run that the page follows from now on, unless it has been replaced */
  function follow(run) {
    if (!replaced.has(run)) live = run;
  }
  /**
   * Ask for a run that takes the place of the one under way.
   * @param {RunWish} content
   */
  function askForRun(content) {
    const id = newId();
    ask({ ...content, id, instead: live });
    replaced.add(live);
    live = id;
  }
  const denoise = (/** @type {Form} */ form) => askForRun({ do: "denoise", ...form });
  const open = (/** @type {string} */ id) => ask({ do: "open", id });
  /** What a page asks for as it opens: this browser's last run, or else a recording from the gallery. */
  const first = () => wish({ do: "open", first: "yes", id: runs()[0]?.id ?? "" });
  /** @type {string[]} */
  const unstopped = []; // ids of runs that Stop was pressed for, as `unsent`
  function stop() {
    unstopped.push(live);
    part("#halt").click();
  }
  const stopping = () => unstopped.shift() ?? "";
  const running = () => live;

  /**
   * Hand the saved file to the browser, or say why there is none.
   * @param {string} sentence
   */
  function fetchSaved(sentence) {
    notice(sentence);
    if (!sentence) setTimeout(() => one("#saved-file a, a#saved-file, #saved-file button, button#saved-file")?.click());
  }

  page.addEventListener("click", ({ target }) => {
    if (target === one("#save-now")) one("#save")?.click();
    const button = target instanceof Element ? target.closest("#again [data-change]") : null;
    const change = button instanceof HTMLElement ? button.dataset.change : "";
    if (target === one("#race-it")) askForRun({ do: "race", left: shown() });
    if (change) askForRun({ do: "again", left: shown(), change, knobs: window.denoiseForm.read().knobs });
  });
  draw();
  return { receive, notice, fetchSaved, asked, denoise, open, stop, stopping, first, shown, running, forgetting, forgotten };
}
