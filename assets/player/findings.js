/**
 * What was found in a run by name, folded: its kinds in one line, and on demand every finding with its definition. A click
 * goes to the step and the positions. All of it was found in Python (visualizer/measure/phenomena.py).
 */
const findings = (() => {
  "use strict";
  const { make, write, attribute } = dom;

  /**
   * The list in a `<details>` element.
   * @param {HTMLDetailsElement} element
   * @param {(seen: Finding) => void} onVisit
   */
  function createFindings(element, onVisit) {
    const [summary, kinds, list] = [make("summary"), make("span", "dp-brief"), make("ul")];
    summary.append(make("strong", "", "Found"), kinds);
    element.append(summary, list);
    /** @type {ReportMessage | null} */
    let drawn = null;
    /** @type {{seen: Finding, button: HTMLButtonElement}[]} */
    let buttons = [];

    /**
     * @param {FindingGroup} group
     * @param {Run} run
     */
    function makeGroup({ kind, about, seen }, run) {
      const [item, name, definition] = [make("li"), make("h2", "", kind), make("p", "dp-about", about)];
      item.append(name, definition, ...seen.map((one) => {
        const button = make("button", "dp-finding", one.says);
        button.type = "button";
        if (run.blockEnds.length > 1) button.prepend(`Block ${one.b + 1}: `);
        button.addEventListener("click", () => onVisit(one));
        buttons.push({ seen: one, button });
        return button;
      }));
      return item;
    }
    /**
     * Show a run's, those marked that are to be seen at a step.
     * @param {Run} run
     * @param {number} index
     */
    function show(run, index) {
      if (drawn !== run.report) {
        drawn = run.report;
        buttons = [];
        const groups = drawn?.found ?? [];
        write(kinds, groups.map(({ kind, seen }) => (seen.length > 1 ? `${kind} × ${seen.length}` : kind)).join(" · "));
        list.replaceChildren(...groups.map((group) => makeGroup(group, run)));
      }
      for (const { seen, button } of buttons) attribute(button, "data-now", seen.at <= index && index <= seen.to ? "yes" : undefined);
    }
    return { show };
  }
  return { createFindings };
})();
