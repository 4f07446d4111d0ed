/** What is chosen to be seen: the view, the layout, numbers; and the legend of that. */
const toolbars = (() => {
  "use strict";
  const { make, attribute, named } = dom;
  const { isDenoised } = decode;
  const { VIEWS } = views;
  const { LAYOUTS } = layouts;
  const MARKUP = `
    <div class="dp-tools" data-ui="tools">
      <div class="dp-choice" data-ui="views" role="group" aria-label="View"></div>
      <div class="dp-choice" data-ui="layouts" role="group" aria-label="Layout"></div>
      <button type="button" class="dp-numbers-switch" data-ui="numbers" aria-pressed="false" title="A number at every token">123</button>
    </div>
    <ul class="dp-legend" data-ui="legend" aria-label="Legend"></ul>`;

  /**
   * The buttons of a choice, in an element, one for each entry of a table.
   * @template {string} Name
   * @param {HTMLElement} element
   * @param {Record<Name, Choice>} table
   * @param {(name: Name) => void} choose
   */
  function addButtons(element, table, choose) {
    const names = /** @type {Name[]} */ (Object.keys(table));
    return names.map((name) => {
      const button = make("button", "", table[name].title);
      [button.type, button.value, button.title] = ["button", name, table[name].about];
      button.addEventListener("click", () => { if (button.getAttribute("aria-disabled") !== "true") choose(name); });
      element.append(button);
      return button;
    });
  }

  /**
   * A toolbar and its legend in the player's element.
   * @param {HTMLElement} root
   * @param {() => void} onChoice
   */
  function createToolbar(root, onChoice) {
    root.insertAdjacentHTML("beforeend", MARKUP); // static
    const ui = named(root);
    /** @type {ViewName} */
    let view = "states";
    /** @type {LayoutName | null} */
    let chosen = null; // null: what fits the run
    const viewButtons = addButtons(ui.views, VIEWS, (name) => { view = name; onChoice(); });
    const layoutButtons = addButtons(ui.layouts, LAYOUTS, (name) => { chosen = name; onChoice(); });
    ui.numbers.addEventListener("click", () => attribute(ui.numbers, "aria-pressed", root.classList.toggle("dp-with-numbers")));

    /**
     * The layout that is drawn: settled needs runs that have ended, and is what such runs get.
     * @param {boolean} over
     * @returns {LayoutName}
     */
    function layout(over) {
      if (!over) return chosen === "grid" ? "grid" : "flow";
      return chosen ?? "settled";
    }
    /**
     * Show the choices that these runs leave. over: they have all ended; there may be none yet.
     * @param {Run[]} runs
     * @param {boolean} over
     */
    function show(runs, over) {
      ui.tools.hidden = !runs.length;
      if (runs.length && !runs.some(VIEWS[view].shows)) view = "states";
      viewButtons.forEach((button, k) => {
        button.hidden = runs.length > 0 && !runs.some(Object.values(VIEWS)[k].shows);
        attribute(button, "aria-pressed", button.value === view);
      });
      for (const button of layoutButtons) {
        attribute(button, "aria-pressed", button.value === layout(over));
        if (button.value !== "settled") continue;
        attribute(button, "aria-disabled", over ? undefined : "true");
        attribute(button, "title", over ? LAYOUTS.settled.about : "The places in the end are known when the run has ended.");
      }
      ui.numbers.hidden = !VIEWS[view].numbers;
      showLegend(runs, over);
    }
    /**
     * The samples are cells, drawn as in the canvas; a line says what the view and the layout show.
     * @param {Run[]} runs
     * @param {boolean} over
     */
    function showLegend(runs, over) {
      const silent = runs.length > 0 && view === "noise" && !runs.some((run) => run.trace.some((step) => step.noise?.size));
      const missing = over ? "This recording was made without the random tokens." : "A live run sends no random tokens; its recording, ready when it ends, has them.";
      const places = layout(over) === "settled" ? " Settled: each token is already where it stands in the end." : "";
      const about = silent ? missing : (runs[0] && VIEWS[view].says?.(runs[0])) ?? `${VIEWS[view].about}${places}`;
      const any = !runs.length || runs.some(isDenoised);
      const written = runs.some((run) => run.held.size);
      const key = `${view} ${any} ${written} ${about}`;
      if (ui.legend.dataset.key === key) return;
      ui.legend.dataset.key = key;
      const entries = VIEWS[view].legend.filter(({ denoised, held }) => (any || !denoised) && (written || !held)).map(({ look, label, means }) => {
        const [item, cell] = [make("li"), make("span")];
        if (look) [layouts.draw(cell, look), item.append(cell)];
        if (label) item.append(` ${label}`);
        terms.explain(item, means);
        return item;
      });
      ui.legend.replaceChildren(...entries, make("li", "dp-about", about));
    }
    /** @param {ViewName} name */
    const choose = (name) => { view = name; };
    return { show, choose, layout, view: () => view };
  }
  return { createToolbar, addButtons };
})();
