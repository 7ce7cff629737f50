extension ChatTemplate {
  /// Templates with names of their own, for models that come without one.
  package static let builtins = [
    // For models that were never taught to talk: contents only, a line break between them.
    "plain": "{{ messages | map(attribute='content') | join('\n') }}"
  ]
}
