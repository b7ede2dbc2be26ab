// Buttons that copy what stands beside them. Without a script, or without access to the clipboard, they stay hidden: the text
// can be selected with one click.
if (navigator.clipboard) {
  for (const button of document.querySelectorAll("button[data-copy]")) {
    const label = button.querySelector("[data-label]");
    const before = label.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.copy);
      try {
        await navigator.clipboard.writeText(source.dataset.value);
        label.textContent = button.dataset.done;
      } catch {
        getSelection().selectAllChildren(source);
      }
    });
    button.addEventListener("blur", () => { label.textContent = before; });
  }
}
