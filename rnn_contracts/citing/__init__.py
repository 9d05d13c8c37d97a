"""How a rule or a call is shown to a reader: text, tables, citations and pictures.

Nothing in this package imports torch.
"""
