// After a deployment, an older tab requests files that are gone. This script then reloads the address it wanted.
"use strict";

(() => {
  const WANTED = "wanted-address"; // in sessionStorage
  const RELOADED = "reloaded-at";
  const SOON = 60_000; // milliseconds

  const attempt = (action) => {
    try {
      return action();
    } catch {
      return null; // browser storage may be disabled
    }
  };

  // If the module of the next page is missing, React Router reloads the current address (loadRouteModule) and loses
  // the address of the next page.
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

  // A module of a page is missing. If it still is after a reload, the page shows that it is broken.
  addEventListener("vite:preloadError", (event) => {
    const last = attempt(() => Number(sessionStorage.getItem(RELOADED))) ?? Date.now();
    if (Date.now() - last < SOON) return;
    attempt(() => sessionStorage.setItem(RELOADED, Date.now()));
    event.preventDefault();
    location.reload();
  });
})();
