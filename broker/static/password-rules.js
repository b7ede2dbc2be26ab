// Keeps the checklist of a new password true while somebody types. What each line checks stands in its data attributes; a line
// without a check is the server's. The server decides again, about all of them, when the form is sent.

// What stands for letters in p@ssw0rd, as the server reads it.
const PLAIN = { 4: "a", "@": "a", 8: "b", 3: "e", 0: "o", 6: "g", "!": "i", 1: "i", "|": "i", $: "s", 5: "s", "+": "t", 7: "t" };
const plain = (text) => [...text].map((letter) => PLAIN[letter] ?? letter).join("");
const codePoints = (text) => [...text].length;

const checks = {
  length: (line, first) => {
    const length = codePoints(first);
    return length >= Number(line.dataset.minimum || 0) && length <= Number(line.dataset.maximum || Infinity);
  },
  patterns: (line, first) => {
    const patterns = JSON.parse(line.dataset.patterns);
    const found = patterns.filter((pattern) => new RegExp(pattern, "u").test(first)).length;
    return first !== "" && found >= Number(line.dataset.minimum || patterns.length);
  },
  words: (line, first) => {
    const lower = first.toLowerCase();
    const words = JSON.parse(line.dataset.words).map((word) => word.toLowerCase());
    return first !== "" && !words.some((word) => lower.includes(word) || plain(lower).includes(word));
  },
  same: (line, first, second) => first !== "" && first === second,
};

function show(line, list, met) {
  if (line.classList.contains("met") === met) return;
  line.classList.toggle("met", met);
  line.querySelector("[data-when=met]").hidden = !met;
  line.querySelector("[data-when=open]").hidden = met;
  line.querySelector("[data-state]").textContent = met ? list.dataset.met : list.dataset.open;
}

for (const list of document.querySelectorAll("[data-password-rules]")) {
  const first = document.getElementById(list.dataset.first);
  const second = document.getElementById(list.dataset.second);
  const lines = [...list.querySelectorAll("[data-check]")].filter((line) => line.dataset.check in checks);
  const update = () => {
    for (const line of lines) show(line, list, checks[line.dataset.check](line, first.value.normalize("NFKC"), second.value.normalize("NFKC")));
  };
  first.addEventListener("input", update);
  second.addEventListener("input", update);
  if (first.value) update();
}
