"""The parts that every page shares: elements, frame, session, language, and how a page follows shapes."""
