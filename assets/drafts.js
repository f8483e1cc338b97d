// Drafts: keeps the values of a form with data-draft in this browser until the server has saved them.
//
// A draft belongs to a person (data-person of the page) and has a key: the project id in the address, and the
// purpose of the form. Its mark is sent with the form. For an idea's text it is the version that was edited; for a
// brief it is a ticket, with which the form starts only one run even if it is sent again. The server confirms a saved
// form in data-settled: its key, a space, its mark.
"use strict";

(() => {
  const PREFIX = "draft:";
  const OPEN = "open-editor"; // in sessionStorage: the editor that is open in this tab
  const MOST = 50; // drafts
  const LIFE = 30 * 24 * 60 * 60 * 1000; // milliseconds
  const ORIGINAL = "original"; // the mark for the model's original text
  const NEW_BRIEF = "new:brief"; // the key of the form that creates a project
  const ASK_AGAIN = 3000; // milliseconds

  const page = () => document.querySelector(".page");
  const person = () => page()?.dataset.person ?? "";
  const place = () => location.pathname.match(/^\/projects\/([^/]+)/)?.[1] ?? "";
  // The address changes before the forms of the previous page are removed, so each form keeps its first key.
  const keys = new WeakMap();
  const keyOf = (form) => {
    if (!keys.has(form)) keys.set(form, `${place()}:${form.dataset.draft}`);
    return keys.get(form);
  };
  const formOf = (target) => target.closest?.("form[data-draft]") ?? null;
  const isBrief = (form) => form.dataset.draft === "brief";

  // Browser storage may be disabled. The form then works without a draft.
  const attempt = (action) => {
    try {
      return action();
    } catch {
      return null;
    }
  };
  const nameOf = (key) => `${PREFIX}${person()}:${key}`;
  const read = (key) => attempt(() => JSON.parse(localStorage.getItem(nameOf(key))));
  const forget = (key) => attempt(() => localStorage.removeItem(nameOf(key)));
  const all = () => Object.keys(localStorage).filter((name) => name.startsWith(PREFIX));
  const prune = () => {
    const aged = all().map((name) => ({ name, at: attempt(() => JSON.parse(localStorage.getItem(name)).at) ?? 0 }));
    aged.sort((one, other) => other.at - one.at);
    for (const [index, { name, at }] of aged.entries()) {
      if (index >= MOST || Date.now() - at > LIFE) localStorage.removeItem(name);
    }
  };

  // Without https there is no crypto.randomUUID.
  const ticket = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const markOf = (form) => {
    const { draft_mark: mark, base } = form.elements;
    if (isBrief(form)) return (mark.value ||= ticket());
    return (form.dataset.torn !== "true" && mark.value) || base.value || ORIGINAL;
  };

  const namesIn = (form) => [
    ...new Set([...form.elements].filter(({ name, type }) => name && type !== "hidden").map(({ name }) => name)),
  ];
  const valuesOf = (form) => Object.fromEntries(namesIn(form).map((name) => [name, form.elements.namedItem(name).value]));
  const same = (one, other) => Object.keys(one).every((name) => one[name].trim() === other[name]?.trim());
  const keep = (form, sent) => {
    const key = keyOf(form);
    const values = valuesOf(form);
    // If the response to a brief was lost and its values have changed since, it is a new form with a new ticket.
    const earlier = read(key);
    if (isBrief(form) && earlier?.sent && !same(values, earlier.values)) form.elements.draft_mark.value = "";
    attempt(() => {
      localStorage.setItem(nameOf(key), JSON.stringify({ at: Date.now(), mark: markOf(form), values, sent }));
      prune();
    });
  };

  let filling = false;
  const write = (field, value) => {
    if (field instanceof RadioNodeList) {
      field.value = value;
      return;
    }
    field.value = value;
    for (const kind of ["input", "change"]) field.dispatchEvent(new Event(kind, { bubbles: true }));
  };
  const fill = (form, { values, mark }) => {
    filling = true;
    for (const name of namesIn(form)) if (name in values) write(form.elements.namedItem(name), values[name]);
    form.elements.draft_mark.value = mark;
    filling = false;
  };
  const noteOf = (form) => form.querySelector(".draft-note");

  const ask = (words) => {
    const field = document.querySelector("[data-asks]");
    if (!field) return;
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(field, words);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };

  const restore = (form, key) => {
    const draft = read(key);
    if (!draft) return;
    const nothingNew = same(draft.values, valuesOf(form));
    if (nothingNew && !draft.sent) {
      forget(key);
      return;
    }
    fill(form, draft);
    noteOf(form).hidden = nothingNew;
    const fold = form.closest("details.past-batch");
    if (fold) fold.open = true;
    if (draft.sent && isBrief(form)) ask(`${key} ${draft.mark}`);
  };

  // A new batch moves an idea with an open editor to the earlier batches, where React creates a new form. It gets the
  // values, the mark and the cursor position of the old form.
  let typed = null;
  const carry = (form) => {
    const { form: old, name, at } = typed;
    fill(form, { values: valuesOf(old), mark: old.elements.draft_mark.value });
    noteOf(form).hidden = noteOf(old).hidden;
    const fold = form.closest("details.past-batch");
    if (fold) fold.open = true;
    const field = form.elements.namedItem(name);
    field.focus();
    field.setSelectionRange?.(at, at);
    typed = { ...typed, form };
  };

  const seen = new WeakMap(); // form → the draft (person and key) for which it was checked
  const meet = (form) => {
    const key = keyOf(form);
    if (seen.get(form) === nameOf(key)) return;
    seen.set(form, nameOf(key));
    if (!isBrief(form)) attempt(() => sessionStorage.setItem(OPEN, nameOf(key)));
    if (typed?.form === form) keep(form); // typed before data-person was known
    else if (typed && !typed.form.isConnected && typed.key === key) carry(form);
    else restore(form, key);
  };

  let settledLast = "";
  const settle = () => {
    const said = page()?.dataset.settled ?? "";
    const cut = said.lastIndexOf(" ");
    const [key, mark] = [said.slice(0, cut), said.slice(cut + 1)];
    // The form is still open: the redirect to the new project may be lost, and the draft is needed to ask for it.
    if (said === settledLast || (key === NEW_BRIEF && place() === "new")) return;
    settledLast = said;
    if (read(key)?.mark !== mark) return;
    forget(key);
    if (attempt(() => sessionStorage.getItem(OPEN)) === nameOf(key)) sessionStorage.removeItem(OPEN);
    const form = [...document.querySelectorAll("form[data-draft]")].find((each) => keyOf(each) === key);
    if (form && !noteOf(form).hidden) clear(form);
  };
  const clear = (form) => {
    form.reset();
    form.elements.draft_mark.value = "";
    noteOf(form).hidden = true;
  };

  // After a reload, a restart of the server or a new sign-in, the editor that was open in this tab opens again.
  let askedAt = 0;
  const reopen = () => {
    const open = attempt(() => sessionStorage.getItem(OPEN));
    const start = nameOf(`${place()}:idea:`);
    if (!open?.startsWith(start) || document.querySelector(".editor") || !localStorage.getItem(open)) return;
    const sheet = document.querySelector(`[data-idea="${CSS.escape(open.slice(start.length))}"]`);
    const button = sheet?.querySelector('[data-action="edit"]:not(:disabled)');
    if (!button || performance.now() - askedAt < ASK_AGAIN) return;
    askedAt = performance.now();
    button.click();
  };

  const look = () => {
    if (!person()) return;
    settle();
    for (const form of document.querySelectorAll("form[data-draft]")) meet(form);
    if (typed && !typed.form.isConnected) typed = null;
    attempt(reopen);
  };
  new MutationObserver(look).observe(document.documentElement, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ["data-person", "data-settled", "data-draft"],
  });
  setInterval(look, 1000);

  for (const kind of ["input", "change"]) {
    document.addEventListener(kind, ({ target }) => {
      const form = formOf(target);
      if (!form || filling || !target.name) return;
      typed = { form, key: keyOf(form), name: target.name, at: target.selectionEnd };
      if (person()) keep(form);
    });
  }
  document.addEventListener(
    "submit",
    ({ target }) => {
      if (target.getAttribute("action")?.endsWith("/api/session/sign-out")) {
        attempt(() => {
          for (const name of all()) if (name.startsWith(nameOf(""))) localStorage.removeItem(name);
          sessionStorage.removeItem(OPEN);
        });
      }
      if (formOf(target)) keep(target, true);
    },
    true,
  );
  document.addEventListener(
    "click",
    (event) => {
      const form = formOf(event.target);
      if (!form) return;
      const cancel = event.target.closest('[data-action="cancel"]');
      if (cancel) attempt(() => sessionStorage.removeItem(OPEN));
      // In a conflict, a click on "take theirs" discards the draft. Escape clicks the same button, and keeps the draft.
      if (cancel && form.dataset.torn === "true" && event.isTrusted) forget(keyOf(form));
      if (!event.target.closest("[data-discard]")) return;
      forget(keyOf(form));
      clear(form);
      form.querySelector('[data-action="cancel"]')?.click();
    },
    true,
  );
})();
