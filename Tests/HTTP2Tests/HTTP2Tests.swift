// placeholder until the module's first test
