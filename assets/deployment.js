// A tab that is older than the newest deployment asks for files that are gone. Then the wanted address is loaded anew.
"use strict";

(() => {
  const WANTED = "wanted-address"; // in sessionStorage
  const RELOADED = "reloaded-at";
  const SOON = 60_000; // milliseconds

  const attempt = (action) => {
    try {
      return action();
    } catch {
      return null; // a browser may refuse to store anything
    }
  };

  // Where a page's own module is missing, React Router reloads the address that the tab is at (loadRouteModule), and
  // forgets where the person was going.
  addEventListener("pagehide", () => {
    const wanted = window.__reactRouterDataRouter?.state.navigation.location;
    if (wanted) attempt(() => sessionStorage.setItem(WANTED, wanted.pathname + wanted.search + wanted.hash));
  });
  const wanted = attempt(() => sessionStorage.getItem(WANTED));
  attempt(() => sessionStorage.removeItem(WANTED));
  const [arrival] = performance.getEntriesByType("navigation");
  if (wanted?.startsWith("/") && !wanted.startsWith("//") && arrival?.type === "reload") {
    history.pushState(null, "", wanted);
    location.reload();
  }

  // A part of a page is missing. If it is still missing in the newest build, the page says that it is broken.
  addEventListener("vite:preloadError", (event) => {
    const last = attempt(() => Number(sessionStorage.getItem(RELOADED))) ?? Date.now();
    if (Date.now() - last < SOON) return;
    attempt(() => sessionStorage.setItem(RELOADED, Date.now()));
    event.preventDefault();
    location.reload();
  });
})();
