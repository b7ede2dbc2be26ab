// Buttons that save what stands beside them as a file, or print the page. Without a script they stay hidden: the text can be
// selected with one click.
for (const button of document.querySelectorAll("button[data-download]")) {
  const source = document.getElementById(button.dataset.download);
  button.hidden = false;
  button.addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([source.dataset.file], { type: "text/plain" }));
    link.download = source.dataset.fileName;
    link.click();
    URL.revokeObjectURL(link.href);
  });
}
for (const button of document.querySelectorAll("button[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
