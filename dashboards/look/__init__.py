"""How pages look: colours, the frame around every page, cards, charts and tables."""
