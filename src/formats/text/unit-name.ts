const units = new Set(
  `% °C C degC °F F degF K V mV µV uV μV nV A mA µA uA W kW MW kWh Wh VA var Hz kHz MHz rpm bpm g mg m/s km/h mph m/s2 m/s^2 m/s²
  deg/s °/s dps rad/s deg ° rad Pa hPa kPa MPa bar mbar psi mmHg ppm ppb lx lux dB dBA dBm mm cm m km in ft µm um nm l L ml mL l/min m3/h
  m³/h µT uT mT T N kN Nm kg t µg/m3 µg/m³ ug/m3 mg/m3 pH S mS µS uS mS/cm µS/cm Ω ohm kΩ kOhm J kJ s ms min h counts a.u. au`.split(
    /\s+/,
  ),
);

/** Splits a known unit off the name of a column: `temp (°C)`, `acc [m/s²]`, `power / W`. The unit is '' if there is none. */
export function splitUnit(name: string): { label: string; unit: string } {
  const found = /^(.*\S)\s*[([]\s*(\S{1,8})\s*[)\]]$/.exec(name) ?? /^(.*\S) \/ (\S{1,8})$/.exec(name);
  return found && units.has(found[2]) ? { label: found[1], unit: found[2] } : { label: name, unit: '' };
}
