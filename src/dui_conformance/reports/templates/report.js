// Filters, folding, links into folded parts, printing. Without this script the page shows everything.
(() => {
  "use strict";

  const fold = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();

  // --- filters: one for the requirements, one for the findings ---

  for (const section of document.querySelectorAll("[data-filtered]")) {
    const panel = section.querySelector(".filter");
    if (!panel) continue;
    const items = [...section.querySelectorAll(`[data-item="${section.dataset.filtered}"]`)];
    const groups = [...section.querySelectorAll("[data-group]")].reverse(); // innermost first
    const fields = [...panel.querySelectorAll("[data-filter]")];
    const shown = panel.querySelector(".shown");
    const texts = new Map();
    const before = new Map(); // which parts were open when filtering began

    const textOf = (item) => {
      if (!texts.has(item)) texts.set(item, fold(item.textContent));
      return texts.get(item);
    };
    const wanted = () =>
      fields
        .map((field) => ({
          name: field.dataset.filter,
          value: field.type === "checkbox" ? (field.checked ? field.value : "") : field.value.trim(),
        }))
        .filter(({ value }) => value);
    const matches = (item, filters) =>
      filters.every(({ name, value }) =>
        name === "text" ? fold(value).split(/\s+/).every((word) => textOf(item).includes(word)) : item.dataset[name] === value,
      );

    const apply = () => {
      const filters = wanted();
      let count = 0;
      let total = 0;
      for (const item of items) {
        item.hidden = !matches(item, filters);
        const stands = Number(item.dataset.n || 1); // one finding may have several places
        total += stands;
        if (!item.hidden) count += stands;
      }
      for (const group of groups) {
        const inside = items.filter((item) => group.contains(item));
        const left = inside.some((item) => !item.hidden);
        group.hidden = inside.length > 0 && !left;
        if (group.tagName !== "DETAILS") continue;
        if (filters.length) {
          if (!before.has(group)) before.set(group, group.open);
          group.open = left;
        } else if (before.has(group)) {
          group.open = before.get(group);
          before.delete(group);
        }
      }
      shown.textContent = filters.length
        ? shown.dataset.text.replace("{shown}", count).replace("{total}", total)
        : "";
    };

    let waiting = 0;
    for (const kind of ["input", "change"]) {
      panel.addEventListener(kind, () => {
        clearTimeout(waiting);
        waiting = setTimeout(apply, 150); // not at each key
      });
    }
    panel.addEventListener("click", (event) => {
      const action = event.target.dataset && event.target.dataset.do;
      if (action === "reset") {
        for (const field of fields) {
          if (field.type === "checkbox") field.checked = false;
          else field.value = "";
        }
        apply();
        fields[0].focus();
      } else if (action === "unfold" || action === "fold") {
        for (const part of section.querySelectorAll("details")) {
          if (!part.closest("[hidden]")) part.open = action === "unfold";
        }
      }
    });
    panel.hidden = false;
  }

  // --- a link into a folded or filtered part opens it ---

  const reveal = () => {
    let target = null;
    try {
      target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    } catch {
      return; // not a well-formed address
    }
    if (!target) return;
    for (let node = target; node; node = node.parentElement) {
      if (node.tagName === "DETAILS") node.open = true;
      if (node.hidden) node.hidden = false;
    }
    target.scrollIntoView({ block: "start" });
  };
  addEventListener("hashchange", reveal);
  if (location.hash) reveal();

  // --- printing unfolds, except the parts marked otherwise, then puts things back ---

  let unfolded = [];
  addEventListener("beforeprint", () => {
    unfolded = [...document.querySelectorAll("details:not([open])")].filter((part) => {
      const kept = part.closest('details[data-print="no"]');
      return !kept || (kept !== part && kept.open);
    });
    for (const part of unfolded) part.open = true;
  });
  addEventListener("afterprint", () => {
    for (const part of unfolded) part.open = false;
    unfolded = [];
  });
})();
