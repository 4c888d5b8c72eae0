// From a disk a browser refuses to fetch pages, which the summaries of a search would be read from; titles remain.
if (location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS !== "undefined") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
