extension ChatTemplate {
  /// Templates with names of their own, for models that come without one.
  package static let builtins = [
    // For models that were never taught to talk: the contents, as one running text to go on with.
    "plain": "{{ messages | map(attribute='content') | map('trim') | join(' ') }}"
  ]
}
