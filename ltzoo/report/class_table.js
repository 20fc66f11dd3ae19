(function () {
  "use strict";
  var table = document.getElementById("class-table");
  if (!table) return;
  var body = table.tBodies[0], rows = Array.prototype.slice.call(body.rows);
  var search = document.getElementById("class-search"), group = document.getElementById("class-group");
  var status = document.getElementById("class-status"), heads = table.tHead.rows[0].cells;
  var order = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  var names = rows.map(function (row) {
    return row.cells[0].textContent.toLocaleLowerCase();
  });

  function filter() {
    var words = search.value.toLocaleLowerCase().split(/\s+/).filter(Boolean), shown = 0;
    rows.forEach(function (row, number) {
      var found = words.every(function (word) { return names[number].indexOf(word) >= 0; });
      found = found && (!group.value || row.cells[2].textContent === group.value);
      row.hidden = !found;
      shown += found;
    });
    status.textContent = shown + " of " + rows.length + " classes";
  }

  function sort(column, falling) {
    var numbers = heads[column].dataset.kind === "number", sign = falling ? -1 : 1;
    var keyed = rows.map(function (row, place) {
      var text = row.cells[column].textContent.trim();
      return { row: row, place: place, key: numbers ? parseFloat(text) : text };
    });
    keyed.sort(function (a, b) {
      var missing = numbers ? isNaN(a.key) - isNaN(b.key) : (a.key === "") - (b.key === "");
      if (missing || (numbers && isNaN(a.key))) return missing || a.place - b.place;
      return sign * (numbers ? a.key - b.key : order.compare(a.key, b.key)) || a.place - b.place;
    });
    var all = document.createDocumentFragment();
    keyed.forEach(function (entry) { all.appendChild(entry.row); });
    body.appendChild(all);
    Array.prototype.forEach.call(heads, function (head, number) {
      head.setAttribute("aria-sort", number !== column ? "none" : falling ? "descending" : "ascending");
    });
  }

  Array.prototype.forEach.call(heads, function (head, column) {
    var button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.textContent = "";
    head.appendChild(button);
    head.setAttribute("aria-sort", "none");
    button.addEventListener("click", function () {
      sort(column, head.getAttribute("aria-sort") === "ascending");
    });
  });
  heads[1].setAttribute("aria-sort", "descending");
  search.addEventListener("input", filter);
  group.addEventListener("change", filter);
  document.getElementById("class-tools").hidden = false;
  filter();
})();
