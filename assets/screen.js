// What all pages do without the server: running clocks, times in the reader's time zone, closing of menus, Escape,
// Enter in an input method editor, dialogs, and reconnecting after an unload that was cancelled.
"use strict";

(() => {
  // Safari ends the composition before the keydown of its Enter, so only the key code 229 identifies that Enter.
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

  // A clock starts from the seconds that the server sent, so it does not depend on the time of the computer.
  // If the number changes, the server has sent a new start.
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

  // A menu closes after a click on one of its items or outside of it, and when the focus moves outside.
  const closeMenus = (but) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (menu !== but) menu.open = false;
    }
  };
  document.addEventListener("click", ({ target }) => {
    closeMenus(target.closest(".menu-items") ? null : target.closest("details.menu"));
  });
  document.addEventListener("focusin", ({ target }) => closeMenus(target.closest("details.menu")));

  // Escape closes an open menu, or clicks the cancel button of a form or a confirmation.
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

  // The server opens a dialog by changing data-shown, and closes it with 0: the page's policy forbids inline scripts.
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
  // After any kind of close, a hidden button tells the server, so that the dialog does not open again on the next load.
  document.addEventListener("close", ({ target }) => target.querySelector?.("[data-closed]")?.click(), true);

  // Reflex closes the websocket at beforeunload. If the page still exists a second later (because of a download, a
  // cancelled navigation or a link to another program), it has to reconnect. Reflex does that at visibilitychange.
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
