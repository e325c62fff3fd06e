-- Remove occurrences that steps recorded. After outbox_reading. KEYS[1] the prefix. ARGV ids.
for _, id in ipairs(ARGV) do box_settle(KEYS[1] .. 'o:occurred:', id) end
