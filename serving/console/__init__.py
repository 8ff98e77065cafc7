"""The console: a desk for analysts in the browser, in Chinese, on NiceGUI; imported only when it is asked for (extra `console`).

In: the application of `serving.api.app`. Out: the same application with screens under `/console`. Every screen reads through
`serving.queries` and shows through `serving.views`, `serving.showing` and `nlp.mask`; it has no rule of its own about texts.
"""
