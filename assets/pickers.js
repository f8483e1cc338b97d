// The form of a brief: its pickers, which fill the fields without the server, and the expected cost of a run.
"use strict";

(() => {
  const SEPARATOR = /[,，、;；/]+/;

  const fieldOf = (dialog) => document.querySelector(`form [name="${dialog.dataset.field}"]`);
  const wordsOf = (field) => field.value.split(SEPARATOR).map((word) => word.trim()).filter(Boolean);
  const entriesOf = (dialog) => [...dialog.querySelectorAll("[data-pick]")];
  // The words may be in the other language of the app.
  const isOf = (entry, word) =>
    [entry.dataset.pick, entry.dataset.also].some((name) => name.toLowerCase() === word.toLowerCase());

  const write = (field, value) => {
    // React notices the change only if the setter of the prototype is used.
    const kind = field.tagName === "TEXTAREA" ? HTMLTextAreaElement : field.tagName === "SELECT" ? HTMLSelectElement : HTMLInputElement;
    Object.getOwnPropertyDescriptor(kind.prototype, "value").set.call(field, value);
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  };

  const show = (dialog) => {
    const words = wordsOf(fieldOf(dialog));
    for (const entry of entriesOf(dialog)) {
      entry.setAttribute("aria-pressed", String(words.some((word) => isOf(entry, word))));
    }
  };

  const toggle = (dialog, word) => {
    const field = fieldOf(dialog);
    const most = Number(dialog.dataset.most);
    const words = wordsOf(field);
    const offered = (each) => entriesOf(dialog).find((entry) => isOf(entry, each));
    const same = (each) => each === word || (offered(word) !== undefined && isOf(offered(word), each));
    const enough = dialog.querySelector(".pick-enough");
    enough.hidden = true;
    if (words.some(same)) {
      write(field, words.filter((each) => !same(each)).join(", "));
    } else if (most === 1) {
      write(field, word);
      dialog.close();
    } else if (offered(word) && words.filter(offered).length >= most) {
      enough.hidden = false;
    } else {
      write(field, [...words, word].join(", "));
    }
    show(dialog);
  };

  const search = (dialog) => {
    const wanted = dialog.querySelector(".pick-search").value.trim().toLowerCase();
    let found = 0;
    for (const group of dialog.querySelectorAll(".pick-groups section")) {
      let here = 0;
      for (const entry of group.querySelectorAll("[data-pick]")) {
        entry.hidden = !entry.dataset.search.toLowerCase().includes(wanted);
        here += entry.hidden ? 0 : 1;
      }
      group.hidden = here === 0;
      found += here;
    }
    dialog.querySelector(".pick-nothing").hidden = found > 0 || wanted === "";
  };

  const takeOwnWords = (dialog) => {
    const box = dialog.querySelector(".pick-search");
    const words = box.value.trim().replace(SEPARATOR, " ");
    if (!words) return;
    toggle(dialog, words);
    box.value = "";
    search(dialog);
  };

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.opens);
      if (!dialog || dialog.open) return;
      dialog.querySelector(".pick-search").value = "";
      dialog.querySelector(".pick-enough").hidden = true;
      search(dialog);
      show(dialog);
      dialog.showModal();
      dialog.querySelector('[data-pick][aria-pressed="true"]')?.scrollIntoView({ block: "nearest" });
      return;
    }
    const fill = event.target.closest("[data-fill]");
    if (fill) {
      for (const [name, value] of Object.entries(JSON.parse(fill.dataset.fill))) {
        const field = document.querySelector(`form [name="${name}"]`);
        if (field) write(field, value);
      }
      return;
    }
    const dialog = event.target.closest("dialog.picker");
    if (!dialog) return;
    const entry = event.target.closest("[data-pick]");
    if (entry) toggle(dialog, entry.dataset.pick);
    else if (event.target.closest("[data-own-words]")) takeOwnWords(dialog);
    else if (event.target === dialog) dialog.close(); // its backdrop
  });

  document.addEventListener("input", (event) => {
    if (event.target.matches(".pick-search")) search(event.target.closest("dialog"));
  });

  const READ = ["platform", "genre", "other_requirements", "avoid"];
  const costOf = (form, estimates) => {
    const value = (name) => form.elements.namedItem(name)?.value;
    const each = value("model") === undefined ? Object.values(estimates)[0] : estimates[value("model")];
    if (!each) return null;
    const characters = READ.map((name) => [...value(name).trim()].length).reduce((sum, length) => sum + length);
    return each.run + each.character * characters + each.idea * Number(value("count"));
  };
  const reckon = () => {
    for (const estimate of document.querySelectorAll("[data-estimates]")) {
      const { estimates, digits, currency } = estimate.dataset;
      const cost = costOf(estimate.closest("form"), JSON.parse(estimates));
      estimate.hidden = cost === null;
      if (cost === null) continue;
      const [, shown] = JSON.parse(digits).find(([least]) => cost >= least);
      estimate.querySelector(".cost").textContent = currency + cost.toFixed(shown);
    }
  };
  // A form that opens with values from the server fires no input event, so also compute at intervals.
  setInterval(reckon, 250);
  document.addEventListener("input", reckon);

  // A page is rendered before it knows the reader's language. React then changes the default value of a field but not
  // its value, so copy the new default into a field that the person has not edited.
  new MutationObserver((changes) => {
    for (const { target, oldValue } of changes) {
      if (target.closest(".brief-form") && target.value === oldValue && target.defaultValue !== oldValue) target.value = target.defaultValue;
    }
  }).observe(document.documentElement, { subtree: true, attributes: true, attributeFilter: ["value"], attributeOldValue: true });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || !event.target.matches?.(".pick-search")) return;
    event.preventDefault();
    const dialog = event.target.closest("dialog");
    const first = entriesOf(dialog).find((entry) => !entry.hidden);
    if (event.target.value.trim() === "") dialog.close();
    else if (first) {
      toggle(dialog, first.dataset.pick);
      event.target.value = "";
      search(dialog);
    } else takeOwnWords(dialog);
  });
})();
