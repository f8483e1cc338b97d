// Keeps in this browser what is typed into a form with data-draft, until the server says that it was saved or sent.
//
// A draft belongs to a person (data-person of the page) and to a key: the project of the address, and what the form
// is for. Its mark tells the server what it is about: of an idea's text the version that was changed, of a brief the
// ticket with which it starts one run however often it is sent. The server answers with data-settled: key and mark.
"use strict";

(() => {
  const PREFIX = "draft:";
  const OPEN = "open-editor"; // in sessionStorage: which editor is open in this tab
  const MOST = 50;
  const LIFE = 30 * 24 * 60 * 60 * 1000; // milliseconds
  const ORIGINAL = "original"; // the mark of a text that no person has changed yet
  const NEW_BRIEF = "new:brief"; // the key of the form that makes a project
  const ASK_AGAIN = 3000; // milliseconds

  const page = () => document.querySelector(".page");
  const person = () => page()?.dataset.person ?? "";
  const place = () => location.pathname.match(/^\/projects\/([^/]+)/)?.[1] ?? "";
  // The address changes before the forms of the page that is left are gone.
  const keys = new WeakMap();
  const keyOf = (form) => {
    if (!keys.has(form)) keys.set(form, `${place()}:${form.dataset.draft}`);
    return keys.get(form);
  };
  const formOf = (target) => target.closest?.("form[data-draft]") ?? null;
  const isBrief = (form) => form.dataset.draft === "brief";

  // A browser may refuse to store anything: then the form works without a draft.
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

  // Without https a browser has no crypto.randomUUID.
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
    // Other words after an answer that did not come are another form.
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

  // Another batch moves an open editor among the earlier ideas, as a new form: the words, the mark and the place of
  // the cursor go with it.
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

  const seen = new WeakMap(); // form → for whom and what it was looked at
  const meet = (form) => {
    const key = keyOf(form);
    if (seen.get(form) === nameOf(key)) return;
    seen.set(form, nameOf(key));
    if (!isBrief(form)) attempt(() => sessionStorage.setItem(OPEN, nameOf(key)));
    if (typed?.form === form) keep(form); // before it was known who types
    else if (typed && !typed.form.isConnected && typed.key === key) carry(form);
    else restore(form, key);
  };

  let settledLast = "";
  const settle = () => {
    const said = page()?.dataset.settled ?? "";
    const cut = said.lastIndexOf(" ");
    const [key, mark] = [said.slice(0, cut), said.slice(cut + 1)];
    // Still at the form: the answer that led to the project may be lost, and the draft asks for it once more.
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

  // An editor that was open in this tab, and which nobody closed, opens again: after a reload, a restart of the
  // server, or a new sign-in.
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
      // Who takes the other's words gives up their own. Escape presses the button too, and gives up nothing.
      if (cancel && form.dataset.torn === "true" && event.isTrusted) forget(keyOf(form));
      if (!event.target.closest("[data-discard]")) return;
      forget(keyOf(form));
      clear(form);
      form.querySelector('[data-action="cancel"]')?.click();
    },
    true,
  );
})();
