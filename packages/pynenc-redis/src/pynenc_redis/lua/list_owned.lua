-- Ids of what belongs to runners. After owned. KEYS[1] the prefix. ARGV[1] limit, ARGV[2]? of this runner only.
return owned_ids(tonumber(ARGV[1]), ARGV[2])
