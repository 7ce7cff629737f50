// placeholder until loop's tests are merged
