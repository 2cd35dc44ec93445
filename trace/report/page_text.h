/* The files that a page is made of, as they are in the source: page_text.S. Each ends with NUL. */
#ifndef ENDORUN_REPORT_PAGE_TEXT_H
#define ENDORUN_REPORT_PAGE_TEXT_H

extern const char page_html[];
extern const char page_css[];
extern const char page_js[];

/* What the page's Content-Security-Policy lets through: 'sha256-...' of the two above. */
extern const char page_css_source[];
extern const char page_js_source[];

#endif
