// Uploads an exported project without leaving the page. An error is shown beside the file field.
"use strict";

(() => {
  const send = async (input) => {
    const form = input.form;
    const said = (name) => form.querySelector(`[data-says="${name}"]`);
    const problem = said("problem");
    problem.textContent = "";
    said("working").hidden = false;
    input.disabled = true;
    try {
      if (input.files[0].size > Number(problem.dataset.most)) {
        problem.textContent = problem.dataset.tooLarge;
        return;
      }
      // As text/plain, the request needs no CORS preflight. In development, the API has another origin than the page.
      const answer = await fetch(form.action, {
        method: "POST",
        body: input.files[0],
        credentials: "include",
        headers: { "content-type": "text/plain", "accept-language": input.closest("[lang]")?.lang ?? "zh" },
      });
      const told = await answer.json();
      if (answer.ok) {
        location.assign(`/projects/${told.projectId}/brainstorm`);
        return;
      }
      problem.textContent = told.message;
    } catch {
      problem.textContent = problem.dataset.otherwise;
    } finally {
      said("working").hidden = true;
      input.disabled = false;
      // Without this, picking the same file again, once it is corrected, would fire no change event.
      input.value = "";
    }
  };

  document.addEventListener("change", ({ target }) => {
    if (target.matches("[data-imports]") && target.files.length > 0) void send(target);
  });
})();
