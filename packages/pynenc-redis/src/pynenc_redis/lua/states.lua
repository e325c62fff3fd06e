-- Status and outcome. After record, reading. KEYS[1] the prefix. ARGV ids. Returns {id, status, epoch, outcome} each.
return states(ARGV)
