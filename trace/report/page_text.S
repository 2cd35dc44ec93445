/* The build tells the folders to the assembler, and rebuilds this file when one of the texts changes. */
    .section .rodata

    .macro text name, file
    .globl  \name
    .hidden \name
\name:
    .incbin "\file"
    .byte 0
    .endm

    text page_html, page.html
    text page_css, page.css
    text page_js, page.js
    text page_css_source, page.css.source
    text page_js_source, page.js.source

    .section .note.GNU-stack, "", @progbits
