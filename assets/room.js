// The brainstorm page: keyboard shortcuts for cards, the order of keepers by drag and drop or buttons, and scrolling
// to the idea of a link.
"use strict";

(() => {
  const sheets = () =>
    [...document.querySelectorAll('[data-testid="idea"]')].filter((sheet) => sheet.offsetParent !== null);
  const current = () => document.activeElement?.closest?.('[data-testid="idea"]') ?? null;
  const typing = (target) => target.closest?.("input, textarea, select, [contenteditable]") !== null;

  const step = (by) => {
    const all = sheets();
    if (all.length === 0) return;
    const at = all.indexOf(current());
    const next = all[at === -1 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1)];
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  };

  const press = (action) => current()?.querySelector(`[data-action="${action}"]`)?.click();

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") {
      const open = current() ?? document;
      open.querySelector('[data-action="cancel"]')?.click();
      for (const menu of document.querySelectorAll("details.more[open]")) close(menu);
      return;
    }
    if (typing(event.target)) return;
    const actions = {
      j: () => step(1),
      k: () => step(-1),
      l: () => press("keep"),
      x: () => press("pass"),
      e: () => press("edit"),
      "?": () => document.getElementById("keys")?.showModal(),
    };
    const action = actions[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  });

  // The menu of a card closes after a click outside of it or on one of its actions. The focus goes to its summary.
  const close = (menu) => {
    const inside = menu.contains(document.activeElement);
    menu.open = false;
    if (inside) menu.querySelector("summary").focus({ preventScroll: true });
  };
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.more[open]")) {
      if (!menu.contains(event.target) || event.target.closest(".idea-actions button")) close(menu);
    }
  });

  // When the focused element is removed, such as an editor or one of its buttons, the card gets the focus.
  let left = null;
  document.addEventListener("focusin", ({ target }) => (left = target.closest?.('[data-testid="idea"]')?.id ?? null));
  document.addEventListener("focusout", ({ target, relatedTarget }) => {
    if (relatedTarget === null) setTimeout(() => target.isConnected && document.activeElement === document.body && (left = null));
  });
  new MutationObserver(() => {
    if (left === null || (document.activeElement !== document.body && document.activeElement !== null)) return;
    const sheet = document.getElementById(left);
    left = null;
    sheet?.focus({ preventScroll: true });
  }).observe(document.documentElement, { childList: true, subtree: true });

  // The undo notice closes after a while, but not while the pointer or the focus is in it.
  const OFFERED = 20; // seconds
  let offered = 0;
  setInterval(() => {
    const offer = document.querySelector(".notice.undo");
    offered = offer === null || offer.matches(":hover, :focus-within") ? 0 : offered + 1;
    if (offered > OFFERED) offer.querySelector(".button.quiet").click();
  }, 1000);
  document.addEventListener("click", ({ target }) => {
    if (target.closest('[data-testid="idea"], .keepers')) offered = 0;
  });

  const list = () => document.querySelector("[data-arrange]");
  // The move is sent to the server; the list changes when the new order arrives from the database. Only the move is
  // sent, not the whole order, so that moves of others at the same time stay.
  const move = (item, before) => {
    const field = document.querySelector("[data-moved]");
    if (!field || before === item || item.nextElementSibling === before) return;
    const said = before ? `${item.dataset.ref} ${before.dataset.ref}` : item.dataset.ref;
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(field, said);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move]");
    if (!button) return;
    const item = button.closest("[data-ref]");
    const neighbour =
      button.dataset.move === "up" ? item.previousElementSibling : item.nextElementSibling?.nextElementSibling;
    if (button.dataset.move === "up" && !neighbour) return;
    if (button.dataset.move === "down" && !item.nextElementSibling) return;
    move(item, neighbour ?? null);
  });

  let dragged = null;
  document.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.("[data-arrange] > [data-ref]") ?? null;
    if (!dragged) return;
    dragged.classList.add("dragged");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.dataset.ref);
  });
  const target = (event) => {
    const items = [...list().children].filter((item) => item !== dragged);
    return items.find((item) => event.clientY < item.getBoundingClientRect().top + item.offsetHeight / 2) ?? null;
  };
  document.addEventListener("dragover", (event) => {
    if (dragged && event.target.closest("[data-arrange]")) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    if (!dragged || !event.target.closest("[data-arrange]")) return;
    event.preventDefault();
    move(dragged, target(event));
  });
  document.addEventListener("dragend", () => {
    dragged?.classList.remove("dragged");
    dragged = null;
  });

  const unfold = (hash) => {
    const id = decodeURIComponent(hash.slice(1));
    const sheet = id && document.getElementById(id);
    const fold = sheet?.closest("details.past-batch");
    if (!sheet) return;
    if (fold) fold.open = true;
    sheet.focus({ preventScroll: true });
    sheet.scrollIntoView({ block: "center" });
  };
  addEventListener("hashchange", () => unfold(location.hash));

  // A person who follows a link to an idea from another page arrives before the ideas are loaded: wait for the card.
  let arrivedAt = "";
  setInterval(() => {
    if (arrivedAt === location.pathname) return;
    const sheet = location.hash.startsWith("#idea-") && document.getElementById(location.hash.slice(1));
    if (location.hash && !sheet) return;
    arrivedAt = location.pathname;
    if (!sheet) return;
    unfold(location.hash);
  }, 250);
  // React Router follows links without a hashchange event.
  document.addEventListener("click", ({ target }) => {
    const link = target.closest('a[href*="#idea-"]');
    if (link) requestAnimationFrame(() => unfold(link.hash));
  });

  // After the submit of a brief the form disappears. The new run is at the top, so scroll there.
  document.addEventListener("submit", ({ target }) => {
    const section = target.closest(".form-sheet");
    if (!section) return;
    const gone = new MutationObserver(() => {
      if (section.isConnected) return;
      gone.disconnect();
      scrollTo(0, 0);
    });
    gone.observe(document.body, { childList: true, subtree: true });
    setTimeout(() => gone.disconnect(), 10000);
  });
})();
