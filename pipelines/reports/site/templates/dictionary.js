/* The dictionary's search: what does not match is hidden, what does is opened. Without it the page is a list to open. */
"use strict";
(function () {
  var FEW = 30; // tables that are opened at once: more would be a wall of rows
  var form = document.getElementById("search");
  var words = document.getElementById("words");
  var layer = document.getElementById("layer");
  var found = document.getElementById("found");
  var entries = Array.prototype.map.call(document.querySelectorAll("details.entry"), function (entry) {
    var rows = Array.prototype.map.call(entry.querySelectorAll("tr.column"), function (row) {
      return { row: row, text: row.textContent.toLowerCase() };
    });
    return {
      entry: entry,
      layer: entry.closest(".layer").getAttribute("data-layer"),
      text: entry.querySelector("summary").textContent.toLowerCase(),
      rows: rows
    };
  });

  function holds(text, asked) {
    return asked.every(function (word) { return text.indexOf(word) >= 0; });
  }

  function search() {
    var asked = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    var tables = 0, columns = 0, shown = [];
    entries.forEach(function (known) {
      var isWhole = holds(known.text, asked);
      var own = 0;
      known.rows.forEach(function (item) {
        // A word may be the table's and another the column's: `person sex`.
        var matches = isWhole || holds(known.text + " " + item.text, asked);
        item.row.hidden = !matches;
        own += matches ? 1 : 0;
      });
      var isShown = (!layer.value || known.layer === layer.value) && (isWhole || own > 0);
      known.entry.hidden = !isShown;
      if (isShown) {
        tables += 1;
        columns += own;
        shown.push({ entry: known.entry, isWhole: isWhole });
      }
    });
    shown.forEach(function (item) {
      item.entry.open = asked.length > 0 && shown.length <= FEW;
    });
    document.querySelectorAll("section.layer").forEach(function (section) {
      section.hidden = !section.querySelector("details.entry:not([hidden])");
    });
    found.textContent = !asked.length && !layer.value ? "" :
      tables ? "找到 " + tables + " 张表、" + columns + " 行" : "没有符合的表或列";
  }

  function openTarget() {
    var target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.matches("details.entry")) {
      if (target.hidden) {
        words.value = "";
        layer.value = "";
        search();
      }
      target.open = true;
      target.scrollIntoView();
    }
  }

  form.hidden = false;
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  words.addEventListener("input", search);
  layer.addEventListener("change", search);
  window.addEventListener("hashchange", openTarget);
  openTarget();
})();
