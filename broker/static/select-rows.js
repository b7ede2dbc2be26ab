// Tables with boxes: one box for all of a page, and how many are checked. The form works without it.
for (const form of document.querySelectorAll("form:has([data-selected])")) {
  const boxes = [...form.querySelectorAll('tbody input[type="checkbox"]')];
  const all = form.querySelector("[data-select-all]");
  const label = form.querySelector("[data-selected]");
  const words = label.textContent;
  const show = () => {
    const count = boxes.filter((box) => box.checked).length;
    label.textContent = `${words}: ${count}`;
    if (all) {
      all.checked = count === boxes.length;
      all.indeterminate = count > 0 && count < boxes.length;
    }
  };
  if (all) {
    all.hidden = false;
    all.addEventListener("change", () => { boxes.forEach((box) => { box.checked = all.checked; }); show(); });
  }
  boxes.forEach((box) => box.addEventListener("change", show));
  show();
}
