/* The page's style sheet. */
#ifndef PICKY_REPORT_STYLE_H
#define PICKY_REPORT_STYLE_H

extern const char report_style[];

#endif
