internal import CLinux

/// The file descriptors that this process may have open at once.
package enum DescriptorLimit {
  /// Raises the limit as far as it may be raised without privileges: the usual soft limit of 1,024
  /// would end connections long before their maximum is reached.
  ///
  /// - Returns: the limit that holds then.
  @discardableResult
  package static func raise() -> Int {
    let raised = cl_raise_descriptor_limit()
    return Int(raised >= 0 ? raised : cl_descriptor_limit())
  }
}
