// What the page does without its server: the counting clocks, the reader's own time of day, menus that close,
// Escape, Enter while a Chinese word is being composed, dialogs, and coming back where the page was not left.
"use strict";

(() => {
  // Safari ends a composition before the keydown of its Enter: only the key code 229 still tells.
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key === "Enter" && (event.isComposing || event.keyCode === 229)) {
        event.preventDefault();
        event.stopPropagation();
      }
    },
    true,
  );

  // A clock counts from the seconds that the server gave it, so the computer's own clock may be wrong.
  // Another number means that it has told the time again.
  const begun = new WeakMap();
  const sinceTold = (clock, seconds) => {
    if (begun.get(clock)?.seconds !== seconds) begun.set(clock, { seconds, at: performance.now() });
    return (performance.now() - begun.get(clock).at) / 1000;
  };
  const tick = () => {
    for (const clock of document.querySelectorAll(".timer[data-elapsed]")) {
      const elapsed = Number(clock.dataset.elapsed);
      const seconds = Math.floor(elapsed + sinceTold(clock, elapsed));
      clock.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    }
    for (const clock of document.querySelectorAll(".countdown")) {
      const wait = Number(clock.dataset.left);
      const left = Math.ceil(wait - sinceTold(clock, wait));
      const [waiting, over] = clock.children;
      if (left > 0) waiting.querySelector(".left").textContent = left;
      waiting.hidden = left <= 0;
      over.hidden = left > 0;
    }
  };

  const today = (moment) => moment.toDateString() === new Date().toDateString();
  const thisYear = (moment) => moment.getFullYear() === new Date().getFullYear();
  const tellTimes = () => {
    for (const time of document.querySelectorAll("time[data-when]")) {
      const moment = new Date(time.dataset.when);
      if (isNaN(moment)) continue;
      const language = time.closest("[lang]")?.lang ?? "zh-CN";
      const how = today(moment)
        ? { hour: "2-digit", minute: "2-digit", hour12: false }
        : { month: "short", day: "numeric", ...(thisYear(moment) ? {} : { year: "numeric" }) };
      const text = moment.toLocaleString(language, how);
      if (time.textContent !== text) time.textContent = text;
    }
  };

  // A menu closes when something in it is chosen, anywhere else is pressed, or the focus goes on.
  const closeMenus = (but) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (menu !== but) menu.open = false;
    }
  };
  document.addEventListener("click", ({ target }) => {
    closeMenus(target.closest(".menu-items") ? null : target.closest("details.menu"));
  });
  document.addEventListener("focusin", ({ target }) => closeMenus(target.closest("details.menu")));

  // Escape closes a menu, and gives up what a form or a question was opened for.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    const menu = event.target.closest("details.menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    } else {
      event.target.closest("[data-escapable]")?.querySelector("[data-cancel]")?.click();
    }
  });

  // The server runs no script here (the page's policy forbids it): it counts, and the dialog opens; at 0 it closes.
  const show = (dialog) => {
    if (!dialog.matches("dialog")) return;
    if (dialog.dataset.shown === "0") dialog.close();
    else if (!dialog.open) dialog.showModal();
  };
  new MutationObserver((changes) => changes.forEach((change) => show(change.target))).observe(document, {
    attributes: true,
    attributeFilter: ["data-shown"],
    subtree: true,
  });
  // However it was closed, the server is told: the page opens without it the next time.
  document.addEventListener("close", ({ target }) => target.querySelector?.("[data-closed]")?.click(), true);

  // Reflex closes the page's websocket when the browser says that it is about to leave. Where the page is still there
  // a second later (a file was taken, the leaving was stopped, another program opened), it has to come back: Reflex
  // looks after its websocket whenever a page becomes visible.
  const BACK_AFTER = 1000; // milliseconds
  addEventListener("beforeunload", () => {
    setTimeout(() => {
      if (document.visibilityState === "visible") document.dispatchEvent(new Event("visibilitychange"));
    }, BACK_AFTER);
  });

  const every = () => {
    tick();
    tellTimes();
  };
  setInterval(every, 250);
})();
